using System.Collections.Immutable;
using System.Text;
using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>
/// The settings within the startup parameter `options`: <c>-c name=value</c>, <c>-cname=value</c> and <c>--name=value</c>, cut at white
/// space, which a backslash keeps (as the server does in pg_split_opts). Other switches of the server are nothing for a pooled session.
/// </summary>
public static class CommandLineOptions
{
    /// <summary>Reads them.</summary>
    /// <param name="options">The parameter's value.</param>
    /// <param name="error">What is none of the three forms; null when all are.</param>
    /// <returns>The settings in their order; names in lower case, a dash in them is an underscore.</returns>
    public static ImmutableArray<StartupParameter> Read(WireText options, out WireError? error)
    {
        error = null;
        var settings = ImmutableArray.CreateBuilder<StartupParameter>();
        var words = Words(options.Bytes.Span);
        for (var i = 0; i < words.Count; i++)
        {
            var assignment = words[i] switch
            {
                [(byte)'-', (byte)'-', .. var rest] => rest,
                [(byte)'-', (byte)'c'] when i + 1 < words.Count => words[++i],
                [(byte)'-', (byte)'c', .. { Length: > 0 } rest] => rest,
                _ => null,
            };
            var equals = assignment is null ? -1 : Array.IndexOf(assignment, (byte)'=');
            if (equals <= 0)
            {
                error = new(WireErrorKind.BadField,
                    $"the startup option \"{Encoding.UTF8.GetString(words[i])}\" is not of the form -c name=value or --name=value");
                return [];
            }
            settings.Add(new(Name(assignment!.AsSpan(0, equals)), WireText.Checked(assignment.AsMemory(equals + 1))));
        }
        return settings.DrainToImmutable();
    }

    private static List<byte[]> Words(ReadOnlySpan<byte> text)
    {
        var (words, word, inside) = (new List<byte[]>(), new List<byte>(), false);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\v' or (byte)'\f')
            {
                if (inside)
                    words.Add([.. word]);
                word.Clear();
                inside = false;
                continue;
            }
            inside = true;
            if (text[i] == (byte)'\\')
                i++;
            // a backslash at the very end keeps nothing, and is dropped
            if (i < text.Length)
                word.Add(text[i]);
        }
        if (inside)
            words.Add([.. word]);
        return words;
    }

    private static WireText Name(ReadOnlySpan<byte> name)
    {
        var result = name.ToArray();
        for (var i = 0; i < result.Length; i++)
            result[i] = result[i] == (byte)'-' ? (byte)'_'
                : result[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(result[i] + 32)
                : result[i];
        return WireText.Checked(result);
    }
}
