namespace Broker.Client.Protocol.Serialization;

/// <summary>About how many bytes what is read takes in memory, beside the place where it is kept.</summary>
internal static class MemorySize
{
    /// <summary>An object's own two words.</summary>
    internal const int Object = 16;

    /// <summary>An array's own.</summary>
    internal const int Array = 24;

    /// <summary>A setting: a node of a tree.</summary>
    internal const int Setting = 64;

    /// <summary>A dictionary without its pairs.</summary>
    internal const int Dictionary = 80;

    /// <summary>A pair of a dictionary, which has more room than pairs.</summary>
    internal const int Pair = 64;

    /// <summary>Some bits, without them.</summary>
    internal const int Bits = 72;

    /// <summary>An address.</summary>
    internal const int Address = 72;

    /// <summary>A document of JSON, without its text.</summary>
    internal const int Json = 192;

    // A value of JSON has a byte and a separator at least, and takes 12 bytes beside its text, in an array that may be twice as long.
    private const int OfJsonByte = 13;

    /// <summary>A text of so many bytes.</summary>
    internal static int OfText(int bytes) => bytes < int.MaxValue / 4 ? Array + (2 * bytes) : int.MaxValue;

    /// <summary>A document of JSON of so many bytes.</summary>
    internal static int OfJson(int bytes) => bytes < int.MaxValue / 16 ? Json + (OfJsonByte * bytes) : int.MaxValue;
}
