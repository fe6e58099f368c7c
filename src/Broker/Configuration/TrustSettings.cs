using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// <c>broker.packing.trust</c>: what may travel in a group although the shipped rules would refuse it. Defaults are in
/// hocon/reference.conf.
/// </summary>
public sealed record TrustSettings
{
    /// <summary>Functions as schema.name.</summary>
    public required ImmutableArray<string> Functions { get; init; }

    /// <summary>Tables as schema.name.</summary>
    public required ImmutableArray<string> Tables { get; init; }

    internal static TrustSettings From(SettingsReader reader)
    {
        var settings = new TrustSettings
        {
            Functions = reader.List("functions"),
            Tables = reader.List("tables"),
        };
        reader.Done();
        return settings;
    }
}
