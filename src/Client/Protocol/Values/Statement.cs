using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Parameters;

namespace Broker.Client.Protocol.Values;

/// <summary>One SQL statement with positional parameters ($1, $2, ...). Values never become part of the text.</summary>
/// <param name="Text">The text, as PostgreSQL reads it.</param>
/// <param name="Parameters">The values of $1, $2, ... in order.</param>
public sealed record Statement(string Text, ImmutableArray<Parameter> Parameters)
{
    /// <summary>A statement without parameters.</summary>
    public Statement(string text) : this(text, []) { }

    /// <summary>
    /// A statement with the values of $1, $2, ...; a <see cref="Parameter"/> stands for itself. Values that their owner could change are
    /// copied. Throws <see cref="BrokerException"/> with <c>ParameterRefused</c> for one that cannot be sent, such as an untyped null.
    /// </summary>
    public static Statement Of(string text, params ReadOnlySpan<object?> values)
    {
        if (values.IsEmpty)
            return new(text);
        var parameters = new Parameter[values.Length];
        for (var i = 0; i < values.Length; i++)
            parameters[i] = ParameterCapture.Capture(values[i], i + 1);
        return new(text, ImmutableCollectionsMarshal.AsImmutableArray(parameters));
    }
}
