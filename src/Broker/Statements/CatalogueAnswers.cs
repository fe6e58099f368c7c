using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>How far a function's result depends on more than its arguments, as the catalogue declares it.</summary>
internal enum Volatility { Immutable, Stable, Volatile }

/// <summary>One function of a name; overloads are one each.</summary>
/// <param name="Name">With its schema.</param>
/// <param name="Volatility">As declared.</param>
/// <param name="IsUserDefined">Whether it was created after the cluster was, wherever it lies.</param>
/// <param name="TakesOne">Whether it can be called with one argument, so that <c>x.f</c> may mean <c>f(x)</c>.</param>
/// <param name="Extension">The extension it belongs to; null for none.</param>
internal sealed record FunctionAnswer(CatalogueName Name, Volatility Volatility, bool IsUserDefined, bool TakesOne, string? Extension);

/// <summary>What a relation is, as far as packing is concerned.</summary>
internal enum RelationKind { Table, PartitionedTable, View, MaterializedView, Foreign, Sequence, Other }

/// <summary>Code that the server stores and runs on its own: its text as the server prints it with an empty search_path.</summary>
/// <param name="Text">An expression or a query.</param>
/// <param name="Functions">The functions that it depends on and that did not come with the server, with their schemas.</param>
internal sealed record StoredCode(string Text, ImmutableArray<CatalogueName> Functions);

/// <summary>A relation, and everything that reading or writing it runs.</summary>
/// <param name="Name">With its schema.</param>
/// <param name="Kind">What it is.</param>
/// <param name="IsTemporary">Whether it belongs to one session.</param>
/// <param name="RowSecurity">Whether policies apply to it.</param>
/// <param name="Triggers">Triggers that are not the server's own; disabled ones too.</param>
/// <param name="Rules">Rules other than the one that makes a view.</param>
/// <param name="Policies">The expressions of its row security policies.</param>
/// <param name="View">The query of a view; null for everything else.</param>
/// <param name="Expressions">Defaults, generated columns, checks, index expressions and predicates, partition keys.</param>
/// <param name="ColumnTypes">The types of its columns that did not come with the server; elements for arrays.</param>
/// <param name="Children">Partitions and inheriting tables.</param>
/// <param name="Cascades">Tables that a delete or a change of a key also changes.</param>
/// <param name="CastFunctions">Functions of casts from or to its row type.</param>
/// <param name="IndexClasses">Operator classes of its indexes that belong to no extension and did not come with the server.</param>
internal sealed record RelationAnswer(
    CatalogueName Name,
    RelationKind Kind,
    bool IsTemporary,
    bool RowSecurity,
    ImmutableArray<string> Triggers,
    ImmutableArray<string> Rules,
    ImmutableArray<StoredCode> Policies,
    StoredCode? View,
    ImmutableArray<StoredCode> Expressions,
    ImmutableArray<CatalogueName> ColumnTypes,
    ImmutableArray<CatalogueName> Children,
    ImmutableArray<CatalogueName> Cascades,
    ImmutableArray<CatalogueName> CastFunctions,
    ImmutableArray<string> IndexClasses);

/// <summary>What a type is.</summary>
internal enum TypeKind { Base, Enumeration, Domain, Composite, Range, Other }

/// <summary>A type that did not come with the server, and everything that a value of it runs.</summary>
/// <param name="Name">With its schema.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Extension">The extension it belongs to; null for none.</param>
/// <param name="Parts">The types it is made of that did not come with the server: a domain's base, a composite's columns.</param>
/// <param name="Functions">Functions that did not come with the server: of its casts, input and output, of its range.</param>
/// <param name="Checks">A domain's constraints and default.</param>
internal sealed record TypeAnswer(
    CatalogueName Name,
    TypeKind Kind,
    string? Extension,
    ImmutableArray<CatalogueName> Parts,
    ImmutableArray<CatalogueName> Functions,
    ImmutableArray<StoredCode> Checks);

/// <summary>All that a name may mean. Nothing at all is an answer too.</summary>
/// <param name="Functions">Every overload along the search_path, or in the schema the name says.</param>
/// <param name="Relation">The relation found first.</param>
/// <param name="Type">The type found first, unless it came with the server; a relation's row type too.</param>
internal sealed record NameAnswer(ImmutableArray<FunctionAnswer> Functions, RelationAnswer? Relation, TypeAnswer? Type)
{
    /// <summary>There is nothing of this name.</summary>
    public static readonly NameAnswer Nothing = new([], null, null);
}

/// <summary>The functions of all operators of one symbol that did not come with the server and are on the search_path.</summary>
internal sealed record OperatorAnswer(ImmutableArray<CatalogueName> Functions)
{
    /// <summary>Only the server's own operators have this symbol.</summary>
    public static readonly OperatorAnswer Nothing = new([]);
}
