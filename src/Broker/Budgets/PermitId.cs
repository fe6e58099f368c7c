namespace Broker.Budgets;

/// <summary>Names one permit to have one connection on a server; never used twice by a budget.</summary>
/// <param name="Number">Counts from 1 within a budget.</param>
/// <param name="Budget">Which budget, of those of a broker: a pool that moves from one to another has permits of both for a while.</param>
internal readonly record struct PermitId(long Number, int Budget = 0)
{
    /// <summary>`p{n}`.</summary>
    public override string ToString() => $"p{Number}";
}
