using System.Collections;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Broker.Client.Ado;

/// <summary>The parameters of a command: either all of them have names, or none has.</summary>
public sealed class BrokerParameterCollection : DbParameterCollection, IList<BrokerParameter>
{
    private readonly List<BrokerParameter> _all = [];
    private readonly ParameterNames _names = new();

    internal BrokerParameterCollection() { }

    /// <summary>How many there are.</summary>
    public override int Count => _all.Count;

    /// <inheritdoc/>
    public override object SyncRoot => ((ICollection)_all).SyncRoot;

    /// <summary>The parameter at a place.</summary>
    public new BrokerParameter this[int index]
    {
        get => _all[index];
        set => Replace(index, value ?? throw new ArgumentNullException(nameof(value)));
    }

    /// <summary>The parameter of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public new BrokerParameter this[string parameterName]
    {
        get => _all[PlaceOf(parameterName)];
        set => Replace(PlaceOf(parameterName), value ?? throw new ArgumentNullException(nameof(value)));
    }

    /// <summary>Whether they stand for $1, $2, ...: the first has no name. One that has is then a mistake.</summary>
    /// <exception cref="NotSupportedException">Some have names and some have not.</exception>
    internal bool ArePositional
    {
        get
        {
            var positional = _all[0].BareName.Length == 0;
            foreach (var one in _all)
                if (one.BareName.Length == 0 != positional)
                    throw new NotSupportedException("some parameters have names and some have not: give all of them names, or none");
            return positional;
        }
    }

    /// <summary>Adds a parameter.</summary>
    public BrokerParameter Add(BrokerParameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        _all.Add(parameter);
        return parameter;
    }

    /// <summary>Adds a value by its name.</summary>
    public BrokerParameter AddWithValue(string parameterName, object? value) => Add(new BrokerParameter(parameterName, value));

    /// <summary>Adds a value without a name: the next of $1, $2, ...</summary>
    public BrokerParameter AddWithValue(object? value) => Add(new BrokerParameter { Value = value });

    /// <inheritdoc/>
    public override int Add(object value)
    {
        _all.Add(Cast(value));
        return _all.Count - 1;
    }

    /// <inheritdoc/>
    public override void AddRange(Array values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var value in values)
            Add(value!);
    }

    /// <summary>Where the parameter of a name is; of its exact name first, of its name in another case else; -1 for none.</summary>
    internal int Find(ReadOnlySpan<char> name) => _names.Find(_all, name);

    /// <inheritdoc/>
    public override int IndexOf(string parameterName) =>
        string.IsNullOrEmpty(parameterName) ? -1 : Find(parameterName[0] is '@' or ':' ? parameterName.AsSpan(1) : parameterName);

    /// <inheritdoc/>
    public override int IndexOf(object value) => _all.IndexOf(Cast(value));

    /// <inheritdoc/>
    public int IndexOf(BrokerParameter item) => _all.IndexOf(item);

    /// <inheritdoc/>
    public override bool Contains(string value) => IndexOf(value) >= 0;

    /// <inheritdoc/>
    public override bool Contains(object value) => _all.Contains(Cast(value));

    /// <inheritdoc/>
    public bool Contains(BrokerParameter item) => _all.Contains(item);

    /// <inheritdoc/>
    public override void Insert(int index, object value)
    {
        _all.Insert(index, Cast(value));
        _names.Forget();
    }

    /// <inheritdoc/>
    public void Insert(int index, BrokerParameter item) => Insert(index, (object)item);

    /// <inheritdoc/>
    public override void Remove(object value) => Remove(Cast(value));

    /// <inheritdoc/>
    public bool Remove(BrokerParameter item)
    {
        _names.Forget();
        return _all.Remove(item);
    }

    /// <inheritdoc cref="DbParameterCollection.RemoveAt(int)"/>
    public override void RemoveAt(int index)
    {
        _all.RemoveAt(index);
        _names.Forget();
    }

    /// <inheritdoc/>
    public override void RemoveAt(string parameterName) => RemoveAt(PlaceOf(parameterName));

    /// <inheritdoc cref="DbParameterCollection.Clear"/>
    public override void Clear()
    {
        _all.Clear();
        _names.Forget();
    }

    /// <inheritdoc/>
    public override void CopyTo(Array array, int index) => ((ICollection)_all).CopyTo(array, index);

    /// <inheritdoc/>
    public void CopyTo(BrokerParameter[] array, int arrayIndex) => _all.CopyTo(array, arrayIndex);

    /// <inheritdoc/>
    public override IEnumerator GetEnumerator() => _all.GetEnumerator();

    void ICollection<BrokerParameter>.Add(BrokerParameter item) => Add(item);

    IEnumerator<BrokerParameter> IEnumerable<BrokerParameter>.GetEnumerator() => _all.GetEnumerator();

    /// <inheritdoc/>
    protected override DbParameter GetParameter(int index) => _all[index];

    /// <inheritdoc/>
    protected override DbParameter GetParameter(string parameterName) => this[parameterName];

    /// <inheritdoc/>
    protected override void SetParameter(int index, DbParameter value) => Replace(index, Cast(value));

    /// <inheritdoc/>
    protected override void SetParameter(string parameterName, DbParameter value) => Replace(PlaceOf(parameterName), Cast(value));

    private void Replace(int index, BrokerParameter parameter)
    {
        _all[index] = parameter;
        _names.Forget();
    }

    private int PlaceOf(string parameterName) => IndexOf(parameterName) is >= 0 and var index
        ? index
        : throw new ArgumentException($"there is no parameter named {parameterName}", nameof(parameterName));

    private static BrokerParameter Cast([NotNull] object? value) => value switch
    {
        BrokerParameter parameter => parameter,
        _ => throw new InvalidCastException($"{(value is null ? "null" : $"a {value.GetType().Name}")} is no BrokerParameter"),
    };
}
