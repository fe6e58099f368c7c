using System.Text.Json;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Errands;

/// <summary>
/// Proves that a parameter can be written before it may share a trip: Npgsql throws on a bad value before anything is sent, but leaves the
/// texts of that batch marked as prepared, and the connection fails for ever after. So a bad value is refused to its caller alone.
/// </summary>
internal sealed class ParameterProof : IParameterVisitor
{
    private string? _problem;
    private string _type = "";

    /// <summary>The first parameter that cannot be written; null when all can.</summary>
    internal ParameterRefused? Check(Statement statement)
    {
        if (statement.Parameters.Length > ushort.MaxValue)
        {
            return new(statement.Parameters.Length, "any", "the protocol allows 65535 parameters");
        }
        for (var i = 0; i < statement.Parameters.Length; i++)
        {
            statement.Parameters[i].Accept(this);
            if (_problem is { } problem)
            {
                _problem = null;
                return new(i + 1, _type, problem);
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public void Visit<T>(T value) where T : notnull
    {
        if (value is int or long or bool or double or Guid)
        {
            return;
        }
        Judge(value switch
        {
            string text => Text(text),
            char letter => char.IsSurrogate(letter) ? "it is half of a surrogate pair"
                : letter == '\0' ? "PostgreSQL text holds no NUL"
                : null,
            string?[] texts => texts.Select(t => t is null ? null : Text(t)).FirstOrDefault(p => p is not null),
            DateTime { Kind: DateTimeKind.Local } =>
                "its Kind is Local; convert it to UTC (timestamptz) or give it Kind Unspecified (timestamp)",
            DateTime[] times =>
                times.Any(t => t.Kind == DateTimeKind.Local) ? "an element's Kind is Local"
                    : Mixed(times) ? "its elements differ in Kind"
                    : null,
            short or float or decimal or DateTime or DateTimeOffset or DateOnly or TimeOnly or TimeSpan or byte[] or ReadOnlyMemory<byte>
                or JsonDocument or JsonElement => null,
            bool[] or short[] or int[] or long[] or float[] or double[] or decimal[] or Guid[] or DateTimeOffset[] or DateOnly[]
                or TimeOnly[]
                or TimeSpan[] or byte[][] => null,
            DateTime?[] times => times.Any(t => t is { Kind: DateTimeKind.Local }) ? "an element's Kind is Local"
                : Mixed([.. times.OfType<DateTime>()]) ? "its elements differ in Kind" : null,
            bool?[] or short?[] or int?[] or long?[] or float?[] or double?[] or decimal?[] or Guid?[] or DateTimeOffset?[] or DateOnly?[]
                or TimeOnly?[]
                or TimeSpan?[] => null,
            _ => "the type is not supported",
        }, typeof(T));
    }

    /// <inheritdoc/>
    public void VisitNull<T>() where T : notnull
    {
        if (!ParameterTypes.IsKnown(typeof(T)))
        {
            Judge("the type is not supported", typeof(T));
        }
    }

    private void Judge(string? problem, Type type) => (_problem, _type) = (problem, type.Name);

    private static bool Mixed(DateTime[] times) => times.Length > 1 && times.Any(t => t.Kind != times[0].Kind);

    // UTF-8 cannot carry half of a surrogate pair, and PostgreSQL text cannot carry NUL.
    private static string? Text(string text)
    {
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') >= 0 && !IsWellFormed(text))
        {
            return "it holds half of a surrogate pair";
        }
        return text.Contains('\0', StringComparison.Ordinal) ? "PostgreSQL text holds no NUL" : null;
    }

    private static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return false;
            }
            i++;
        }
        return true;
    }
}
