using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Parameters;

/// <summary>Makes parameters of values of one declared type.</summary>
internal static class ParameterCapture<T>
{
    private static readonly Func<T, int, Parameter> Known = ParameterTypes.CaptureOf<T>();

    /// <summary>The parameter for `$position`; throws <c>ParameterRefused</c>. A value that its owner could change is copied.</summary>
    internal static Parameter Capture(T value, int position) => Known(value, position);
}

/// <summary>Makes parameters of values whose type is known at run time only.</summary>
internal static class ParameterCapture
{
    internal static Parameter Capture(object? value, int position) =>
        value is null
            ? throw Refuse(position, "null", "a null has no type; say which: Parameter.Null<T>()")
            : ParameterTypes.OfBoxed(value.GetType())(value, position);

    internal static BrokerException Refuse(int position, Type type, string reason) => Refuse(position, ParameterTypes.NameOf(type), reason);

    private static BrokerException Refuse(int position, string type, string reason) => new(new ParameterRefused(position, type, reason));
}
