namespace Broker.Client.Protocol.Values;

/// <summary>The value of one positional parameter. Values are not boxed: a reader of parameters is a visitor.</summary>
public abstract class Parameter
{
    /// <summary>NULL of type <typeparamref name="T"/>, so that the server prepares the same statement as for a value.</summary>
    public static Parameter Null<T>() where T : notnull => NullParameter<T>.Instance;

    /// <summary>Hands the typed value to the visitor.</summary>
    public abstract void Accept(IParameterVisitor visitor);
}

/// <summary>A value of type <typeparamref name="T"/>; never null (see <see cref="Parameter.Null{T}"/>).</summary>
public sealed class Parameter<T> : Parameter where T : notnull
{
    /// <summary>Wraps the value. A value that is mutable (an array) must not be changed afterwards.</summary>
    public Parameter(T value) => Value = value;

    /// <summary>The value.</summary>
    public T Value { get; }

    /// <inheritdoc/>
    public override void Accept(IParameterVisitor visitor) => visitor.Visit(Value);
}

/// <summary>NULL of type <typeparamref name="T"/>.</summary>
internal sealed class NullParameter<T> : Parameter where T : notnull
{
    internal static NullParameter<T> Instance { get; } = new();

    public override void Accept(IParameterVisitor visitor) => visitor.VisitNull<T>();
}

/// <summary>Reads typed parameter values.</summary>
public interface IParameterVisitor
{
    /// <summary>A value.</summary>
    void Visit<T>(T value) where T : notnull;

    /// <summary>A NULL of the type.</summary>
    void VisitNull<T>() where T : notnull;
}
