using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Broker.Statements;

/// <summary>A text in a context.</summary>
internal readonly record struct TextKey(string Text, string Context);

/// <summary>
/// Compares keys by their characters. Hashes eight bytes at a time, since a text of two hundred characters is looked up
/// for every errand; seeded, so that nobody can prepare texts that collide.
/// </summary>
internal sealed class TextKeyComparer : IEqualityComparer<TextKey>
{
    private const ulong Odd1 = 0x9E37_79B9_7F4A_7C15;
    private const ulong Odd2 = 0xC2B2_AE3D_27D4_EB4F;

    private readonly ulong _seed1 = Seed();
    private readonly ulong _seed2 = Seed();

    public bool Equals(TextKey x, TextKey y) => x.Text == y.Text && x.Context == y.Context;

    public int GetHashCode(TextKey key)
    {
        var hash = Hash(key.Text);
        if (key.Context.Length > 0)
        {
            hash = (hash ^ Hash(key.Context)) * Odd1;
        }

        return (int)(hash ^ (hash >> 32));
    }

    // two lanes, so that one multiplication does not wait for the other
    private ulong Hash(string text)
    {
        var words = MemoryMarshal.Cast<char, ulong>(text.AsSpan());
        var (one, two) = (_seed1 ^ (ulong)text.Length, _seed2);
        var i = 0;
        for (; i + 1 < words.Length; i += 2)
        {
            one = BitOperations.RotateLeft((one ^ words[i]) * Odd1, 29);
            two = BitOperations.RotateLeft((two ^ words[i + 1]) * Odd2, 31);
        }

        if (i < words.Length)
        {
            one = BitOperations.RotateLeft((one ^ words[i]) * Odd1, 29);
        }

        foreach (var c in text.AsSpan(words.Length * 4))
        {
            two = BitOperations.RotateLeft((two ^ c) * Odd2, 31);
        }

        var hash = (one ^ two) * Odd1;
        return hash ^ (hash >> 29);
    }

    private static ulong Seed() => BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
}
