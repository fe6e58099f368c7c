namespace Broker.Configuration;

/// <summary><c>broker.errands.stream</c>: streamed results. Defaults are in hocon/reference.conf.</summary>
public sealed record StreamSettings
{
    /// <summary>Rows per chunk at most, 1 to 100000.</summary>
    public required int ChunkRows { get; init; }

    /// <summary>Bytes per chunk at most, 1 KiB to 16 MiB.</summary>
    public required int ChunkBytes { get; init; }

    /// <summary>Chunks that a reader may have asked for and not received, 1 to 1000; what it asks for beyond them is not counted.</summary>
    public required int ChunksAhead { get; init; }

    /// <summary>How long a reader may be silent before its stream is closed, 100 ms to 1 d; null when off.</summary>
    public required TimeSpan? IdleLimit { get; init; }

    internal static StreamSettings From(SettingsReader reader)
    {
        var settings = new StreamSettings
        {
            ChunkRows = reader.Whole("chunk-rows", 1, 100_000),
            ChunkBytes = reader.Bytes("chunk-bytes", "1KiB", "16MiB"),
            ChunksAhead = reader.Whole("chunks-ahead", 1, 1_000),
            IdleLimit = reader.DurationOrOff("idle-limit", "100ms", "1d"),
        };
        reader.Done();
        return settings;
    }
}
