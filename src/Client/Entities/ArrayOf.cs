using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>Parameters that are an array of <typeparamref name="T"/>, some of whose elements may be NULL.</summary>
internal abstract class ArrayOf<T> where T : notnull
{
    internal static ArrayOf<T> Instance { get; } = typeof(T).IsValueType
        ? (ArrayOf<T>)Activator.CreateInstance(typeof(OfValues<>).MakeGenericType(typeof(T), typeof(T)))!
        : (ArrayOf<T>)Activator.CreateInstance(typeof(OfReferences<>).MakeGenericType(typeof(T), typeof(T)))!;

    /// <summary>Takes over the arrays. A true in <paramref name="nulls"/> is a NULL; no array means that there is none.</summary>
    internal abstract Parameter Make(T[] values, bool[]? nulls);

    private sealed class OfValues<TValue> : ArrayOf<TValue> where TValue : struct
    {
        internal override Parameter Make(TValue[] values, bool[]? nulls)
        {
            if (nulls is null)
                return new Parameter<TValue[]>(values);
            var nullables = new TValue?[values.Length];
            for (var i = 0; i < values.Length; i++)
                nullables[i] = nulls[i] ? null : values[i];
            return new Parameter<TValue?[]>(nullables);
        }
    }

    private sealed class OfReferences<TReference> : ArrayOf<TReference> where TReference : class
    {
        // what was not set is null already
        internal override Parameter Make(TReference[] values, bool[]? nulls) => new Parameter<TReference[]>(values);
    }
}
