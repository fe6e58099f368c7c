namespace Broker.Statements;

/// <summary>How a text uses a name; one name may be used in several ways.</summary>
[Flags]
internal enum NameUse
{
    /// <summary>Not at all.</summary>
    None = 0,

    /// <summary>Where a relation or a type may stand.</summary>
    Object = 1,

    /// <summary>Before a parenthesis, as a function is called.</summary>
    Called = 2,

    /// <summary>Behind a dot: a column, or a function of one argument in the notation of a column.</summary>
    Field = 4,
}
