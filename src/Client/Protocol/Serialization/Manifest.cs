namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// A type's short name on the wire: 1 to 3 characters of ASCII. The last is marked by its highest bit, so that no length is needed.
/// </summary>
internal static class Manifest
{
    private const int Longest = 3;
    private const byte Last = 0x80;

    /// <summary>The manifest as one number: its bytes on the wire, the first the highest.</summary>
    internal static int KeyOf(string manifest)
    {
        if (manifest.Length is 0 or > Longest || manifest.Any(static c => c is <= ' ' or > '~'))
            throw new ArgumentException($"\"{manifest}\" is no manifest: 1 to {Longest} characters of ASCII", nameof(manifest));
        return manifest.Aggregate(0, static (key, c) => (key << 8) | c) | Last;
    }

    /// <summary>Writes a manifest.</summary>
    internal static void Write(MessageWriter writer, int key)
    {
        if (key > 0xFFFF)
            writer.WriteByte((byte)(key >> 16));
        if (key > 0xFF)
            writer.WriteByte((byte)(key >> 8));
        writer.WriteByte((byte)key);
    }

    /// <summary>Reads a manifest, which may be nobody's.</summary>
    internal static int Read(MessageReader reader)
    {
        var key = 0;
        for (var i = 0; i < Longest; i++)
        {
            var next = reader.ReadByte();
            key = (key << 8) | next;
            if (next >= Last)
                return key;
        }

        throw new MalformedMessageException("a manifest does not end");
    }
}
