using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client;

/// <summary>
/// A statement written as an interpolated string: each hole becomes a parameter ($1, $2, ...) and its value never becomes part of the
/// text, so there is nothing to escape and nothing to inject. Names of tables and columns cannot be holes; formats and alignments
/// (`{x:N2}`) do not compile. A value that cannot be sent is refused (<c>ParameterRefused</c>) when the string is evaluated.
/// </summary>
[InterpolatedStringHandler]
public struct SqlInterpolation
{
    private readonly Parameter[] _parameters;
    private InterpolatedText _text;
    private int _count;

    /// <summary>Called by the compiler.</summary>
    public SqlInterpolation(int literalLength, int formattedCount)
    {
        _text = InterpolatedText.Start;
        _parameters = formattedCount == 0 ? [] : new Parameter[formattedCount];
    }

    /// <summary>Called by the compiler for the text between holes.</summary>
    public void AppendLiteral(string value) => _text = _text.Literal(value);

    /// <summary>Called by the compiler for a hole.</summary>
    public void AppendFormatted<T>(T value)
    {
        _text = _text.Hole();
        _parameters[_count] = ParameterCapture<T>.Capture(value, ++_count);
    }

    /// <summary>The text with $1, $2, ... and the values.</summary>
    internal readonly Statement ToStatement() =>
        new((_text ?? InterpolatedText.Start).Text, ImmutableCollectionsMarshal.AsImmutableArray(_parameters ?? []));

    /// <summary>
    /// The same for a command that takes no parameters (COPY): a hole is refused, since its value would have to become text.
    /// </summary>
    internal readonly Statement ToStatementWithoutParameters() => _count == 0
        ? ToStatement()
        : throw new BrokerException(new ParameterRefused(1, "hole",
            "COPY takes no parameters; write the value into the text yourself if you trust it"));
}
