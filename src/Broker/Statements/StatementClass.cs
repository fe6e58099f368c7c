namespace Broker.Statements;

/// <summary>How a text reaches the server.</summary>
internal enum Travel
{
    /// <summary>In a read-only group with texts of others.</summary>
    InReadGroup,

    /// <summary>In a group of writes with texts of others.</summary>
    InWriteGroup,

    /// <summary>By itself; the connection is as before afterwards.</summary>
    Alone,

    /// <summary>By itself, and the connection must be reset before anybody else gets it.</summary>
    AloneThenReset,

    /// <summary>Not as an errand: a conversation or a lease is needed.</summary>
    Refused,
}

/// <summary>Why a text does not travel in a group; in <see cref="StatementClass.Words"/> with the name it is about.</summary>
internal enum ClassReason
{
    /// <summary>It does travel in a group.</summary>
    Plain,

    // refused
    ManyStatements, TransactionControl, SessionSetting, Listening, PreparedStatement, Cursor, CopyNeedsStream, SessionState, NulCharacter,
        HalfSurrogate,

    // seen in the text
    Empty, NotPlainVerb, NotLexed, UnicodeName, LongName, NamedOperator, LocksRows, SelectsInto, ModifiesWithin, SystemColumn,
    TransactionFunction, ReadsSetting, TemporarySchema, LongText,

    // told by the catalogue
    Function, FunctionalNotation, Operator, UserCast, UserType, RowSecurity, Trigger, Rule, TemporaryTable, ForeignTable,
    RelationKind, IndexClass,

    // remembered
    ReadOnlyRefused, ReplyOverLimit, OtherTag, CatalogueUnknown,
}

/// <summary>The decision about a text.</summary>
/// <param name="Travel">How it travels.</param>
/// <param name="Reason">Why not in a group.</param>
/// <param name="Words">The same in words, with the name that caused it; empty for <see cref="ClassReason.Plain"/>.</param>
internal sealed record StatementClass(Travel Travel, ClassReason Reason, string Words)
{
    /// <summary>A read that may share a trip.</summary>
    public static readonly StatementClass PlainRead = new(Travel.InReadGroup, ClassReason.Plain, "");

    /// <summary>A write that may share a trip.</summary>
    public static readonly StatementClass PlainWrite = new(Travel.InWriteGroup, ClassReason.Plain, "");

    /// <summary>What holds as long as the catalogue has not answered: alone, and reset afterwards, since nothing is known.</summary>
    public static readonly StatementClass Unknown = new(
        Travel.AloneThenReset, ClassReason.CatalogueUnknown, "the catalogue has not been asked yet");

    /// <summary>Whether it may share a trip with texts of other callers.</summary>
    public bool IsPlain => Travel is Travel.InReadGroup or Travel.InWriteGroup;
}

/// <summary>The answer of <see cref="StatementClassifier"/>.</summary>
internal abstract record Classification
{
    private Classification() { }

    /// <summary>Decided; <paramref name="Relied"/> is what of the catalogue it rests on, to be asked again in time.</summary>
    public sealed record Decided(StatementClass Class, CatalogueQuestions Relied) : Classification;

    /// <summary>
    /// Not decidable before <paramref name="Missing"/> is answered; until then the text travels as <see cref="StatementClass.Unknown"/>.
    /// </summary>
    public sealed record NeedsCatalogue(CatalogueQuestions Missing) : Classification;
}
