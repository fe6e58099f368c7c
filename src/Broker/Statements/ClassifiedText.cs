namespace Broker.Statements;

/// <summary>What is known of one text in one context.</summary>
/// <param name="Shape">What its tokens say.</param>
/// <param name="Class">How it travels.</param>
/// <param name="CheckAt">When the catalogue is to be asked again about it; the greatest moment for never.</param>
internal sealed record ClassifiedText(StatementShape Shape, StatementClass Class, DateTimeOffset CheckAt)
{
    /// <summary>Whether an event of the past, and not the catalogue, keeps it alone.</summary>
    public bool IsAloneForEver => Class.Reason is ClassReason.ReadOnlyRefused or ClassReason.ReplyOverLimit or ClassReason.OtherTag;

    /// <summary>Whether the class may be used at <paramref name="now"/> without a look at the catalogue.</summary>
    public bool IsFresh(DateTimeOffset now) => now < CheckAt;
}
