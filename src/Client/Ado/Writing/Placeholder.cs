namespace Broker.Client.Ado.Writing;

/// <summary>A place in a text where a parameter's value belongs: `@name`, `:name` or `$1`.</summary>
/// <param name="Start">Where it begins, counted from 0.</param>
/// <param name="Length">How long it is, sign included.</param>
/// <param name="Name">The name without its sign; null for `$1`.</param>
/// <param name="Position">1 for `$1`; 0 for a name, or for a number that no parameter can have.</param>
internal readonly record struct Placeholder(int Start, int Length, string? Name, int Position)
{
    /// <summary>Where the text goes on.</summary>
    internal int End => Start + Length;
}
