namespace Broker.Budgets;

/// <summary>Names one permit to have one connection on a server; never used twice by a budget.</summary>
/// <param name="Number">Counts from 1 within a budget.</param>
internal readonly record struct PermitId(long Number)
{
    /// <summary>`p{n}`.</summary>
    public override string ToString() => $"p{Number}";
}
