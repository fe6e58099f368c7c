namespace Broker.Bench.Reporting;

/// <summary>What the broker is expected to reach, and whether it did.</summary>
/// <param name="Expected">In words.</param>
/// <param name="Seen">The figure that was compared.</param>
internal sealed record Target(string Expected, double Seen, bool Met)
{
    /// <summary>Of whom something is expected.</summary>
    public const string Contender = "broker";

    public static Target AtLeast(double factor, string against, double ratio) =>
        new($">= {factor:0.##} x {against}", ratio, ratio >= factor);

    public override string ToString() => $"{Expected}: {Seen:0.##} {(Met ? "met" : "NOT MET")}";
}
