using System.Collections.Immutable;

namespace Broker.Client.Entities;

/// <summary>What the server's catalogue says of a table.</summary>
internal sealed record TableFacts(string Schema, string Name, ImmutableArray<ColumnFacts> Columns)
{
    /// <summary>The columns of the primary key, in its order; none when there is no such key.</summary>
    internal ImmutableArray<string> PrimaryKey { get; init; } = [];

    /// <summary>Its unique keys, the primary key among them.</summary>
    internal ImmutableArray<UniqueKey> UniqueKeys { get; init; } = [];

    internal ImmutableArray<ForeignKeyFacts> ForeignKeys { get; init; } = [];

    /// <summary>What other rows that point at its rows have to bear.</summary>
    internal ImmutableArray<ReferenceFacts> ReferencedBy { get; init; } = [];

    /// <summary>Whether a trigger, rule or view of the user's may change or drop a row before it is inserted.</summary>
    internal bool ChangesInserts { get; init; }

    /// <summary>Whether its rows are those of other tables: it is partitioned, a view, or foreign. Failures name these.</summary>
    internal bool HasOthersBehind { get; init; }

    /// <summary>Whether a row may be kept out by a policy; COPY is then refused by the server.</summary>
    internal bool RowSecurity { get; init; }

    /// <summary>`schema.name` unquoted, as steps name it.</summary>
    internal string FullName { get; } = $"{Schema}.{Name}";

    /// <summary>As it stands in a statement.</summary>
    internal string Quoted => $"{SqlName.Quote(Schema)}.{SqlName.Quote(Name)}";
}

/// <summary>One column.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeName">Its type, as it stands in a cast: without length or precision, qualified unless it is the server's own.</param>
/// <param name="BaseType">The same, but for a domain what it is of.</param>
internal sealed record ColumnFacts(string Name, string TypeName, string BaseType)
{
    internal TypeFamily Family { get; init; }

    internal bool NotNull { get; init; }

    /// <summary>The expression that draws a value for it; null when it has no default.</summary>
    internal string? Default { get; init; }

    /// <summary>Whether the expression may be evaluated by this user in a statement of its own.</summary>
    internal bool CanDraw { get; init; }

    internal bool IsIdentity { get; init; }

    /// <summary>
    /// Whether the server may take texts for equal that differ, by rules of its own: citext, or a collation that is not deterministic.
    /// </summary>
    internal bool ComparesLoosely { get; init; }

    /// <summary>GENERATED ALWAYS AS (...): never written.</summary>
    internal bool IsComputed { get; init; }

    /// <summary>The type's modifier (length, precision) as the catalogue holds it; -1 for none.</summary>
    internal int Modifier { get; init; } = -1;

    /// <summary>As it stands in a statement.</summary>
    internal string Quoted => SqlName.Quote(Name);
}

/// <summary>Which kind of type a column has.</summary>
internal enum TypeFamily
{
    /// <summary>A plain type.</summary>
    Base,
    /// <summary>An array.</summary>
    Array,
    /// <summary>An enum.</summary>
    Enum,
    /// <summary>A range.</summary>
    Range,
    /// <summary>Any other: composite, multirange, pseudo.</summary>
    Other,
}

/// <summary>Columns of which no two rows may have the same values.</summary>
/// <param name="Name">The constraint or index.</param>
/// <param name="Columns">In the order of the index.</param>
/// <param name="Immediate">Whether it is checked with each row; a deferrable one is checked when the statement ends, or later.</param>
internal sealed record UniqueKey(string Name, ImmutableArray<string> Columns, bool Immediate);

/// <summary>A foreign key of the table.</summary>
internal sealed record ForeignKeyFacts(string Name, ImmutableArray<string> Columns, string ReferencedTable,
    ImmutableArray<string> ReferencedColumns);

/// <summary>A foreign key that points at the table.</summary>
internal sealed record ReferenceFacts(string Name, string Table, ReferenceAction OnDelete, ReferenceAction OnUpdate);

/// <summary>What a foreign key does when the row that it points at goes or changes its key.</summary>
internal enum ReferenceAction
{
    /// <summary>It is checked when the statement ends.</summary>
    NoAction,
    /// <summary>It is checked at once.</summary>
    Restrict,
    /// <summary>The rows that point at it go, or follow.</summary>
    Cascade,
    /// <summary>They point at nothing, or at their default.</summary>
    Reset,
}
