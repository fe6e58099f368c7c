namespace Broker.Client.Protocol.Values;

/// <summary>Gathers the values of one column, row by row. Not for use by several threads.</summary>
public abstract class ColumnBuilder
{
    private protected ColumnBuilder(ColumnDescription description) => Description = description;

    /// <summary>Name and type of the column.</summary>
    public ColumnDescription Description { get; }

    /// <summary>Rows appended since the last <see cref="Build"/>.</summary>
    public int Count { get; private protected set; }

    /// <summary>Appends a NULL.</summary>
    public abstract void AppendNull();

    /// <summary>
    /// The column of what was appended; the builder is empty again, and may be used for the next result of the same statement.
    /// </summary>
    public abstract Column Build();

    /// <summary>Forgets what was appended.</summary>
    public abstract void Clear();
}

/// <summary>
/// Gathers the values of one column without boxing. Meant to be kept with a prepared statement and used again: then a result of one
/// row costs exactly one object per column, and a longer one its array besides.
/// </summary>
public sealed class ColumnBuilder<T> : ColumnBuilder where T : notnull
{
    private readonly int _capacity;
    private T _first = default!;
    private bool _firstIsNull;
    private T[]? _values;
    private bool[]? _nulls;

    /// <summary>An empty builder.</summary>
    /// <param name="description">Name and type of the column.</param>
    /// <param name="capacity">How many rows to make room for once there is a second; at least 2.</param>
    public ColumnBuilder(ColumnDescription description, int capacity = 16) : base(description) => _capacity = Math.Max(2, capacity);

    /// <summary>Appends a value. It belongs to the column from then on.</summary>
    public void Append(T value)
    {
        if (Count == 0)
            _first = value;
        else
            Room()[Count] = value;
        Count++;
    }

    /// <inheritdoc/>
    public override void AppendNull()
    {
        if (Count == 0)
        {
            _firstIsNull = true;
        }
        else
        {
            T[] values = Room();
            (_nulls ??= new bool[values.Length])[Count] = true;
        }

        Count++;
    }

    /// <inheritdoc/>
    public override Column Build()
    {
        Column built = _values is not null ? new Column<T>(Description, _values, _nulls, Count)
            : Count == 0 ? new Column<T>(Description, [], null, 0)
            : _firstIsNull ? Column<T>.OneNull(Description)
            : new Column<T>(Description, _first);
        Clear();
        return built;
    }

    /// <inheritdoc/>
    public override void Clear() => (Count, _first, _firstIsNull, _values, _nulls) = (0, default!, false, null, null);

    /// <summary>Values with room for one more. The arrays are made when a second row comes, and handed over by Build.</summary>
    private T[] Room()
    {
        if (_values is null)
        {
            _values = new T[_capacity];
            _values[0] = _first;
            if (_firstIsNull)
                (_nulls = new bool[_capacity])[0] = true;
        }
        else if (Count == _values.Length)
        {
            Array.Resize(ref _values, Count * 2);
            if (_nulls is not null)
                Array.Resize(ref _nulls, Count * 2);
        }

        return _values;
    }
}
