using System.Collections.Immutable;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>The parameters of several callers of one text as arrays, one array for each parameter, in the callers' order.</summary>
internal static class ParameterArrays
{
    /// <summary>
    /// Whether the parameters of two statements may stand in the same arrays: the same scalar types, and no NULL (which an array of values
    /// has no room for).
    /// </summary>
    internal static bool Fit(Statement one, Statement other)
    {
        var (left, right) = (one.Parameters, other.Parameters);
        if (left.Length != right.Length)
        {
            return false;
        }
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i].GetType() != right[i].GetType() || !IsScalar(left[i]) || KindOf(left[i]) != KindOf(right[i]))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The arrays of members that fit.</summary>
    internal static IEnumerable<NpgsqlParameter> Of(ImmutableArray<Errand> members, Carrier carrier)
    {
        var builder = new Builder(members, carrier);
        var parameters = members[carrier.First].Request.Statement.Parameters;
        for (var i = 0; i < parameters.Length; i++)
        {
            builder.Place = i;
            parameters[i].Accept(builder);
            yield return builder.Built;
        }
    }

    private static bool IsScalar(Parameter parameter) =>
        parameter is Parameter<int> or Parameter<long> or Parameter<string> or Parameter<Guid>
        or Parameter<short> or Parameter<bool> or Parameter<double> or Parameter<float> or Parameter<decimal> or Parameter<DateTime>
        or Parameter<DateTimeOffset> or Parameter<DateOnly> or Parameter<TimeOnly> or Parameter<TimeSpan>;

    // UTC makes a timestamptz, anything else a timestamp: they are different types to the server.
    private static bool KindOf(Parameter parameter) => parameter is Parameter<DateTime> { Value.Kind: DateTimeKind.Utc };

    private sealed class Builder(ImmutableArray<Errand> members, Carrier carrier) : IParameterVisitor
    {
        internal int Place { get; set; }

        internal NpgsqlParameter Built { get; private set; } = null!;

        public void Visit<T>(T value) where T : notnull
        {
            var values = new T[carrier.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = ((Parameter<T>)members[carrier.First + i].Request.Statement.Parameters[Place]).Value;
            }
            Built = values is DateTimeOffset[] times
                ? new NpgsqlParameter<DateTime[]>
                    { TypedValue = Array.ConvertAll(times,
                        t => t.UtcDateTime), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz }
                : new NpgsqlParameter<T[]> { TypedValue = values };
        }

        public void VisitNull<T>() where T : notnull => throw new InvalidOperationException("a NULL is not folded");
    }
}
