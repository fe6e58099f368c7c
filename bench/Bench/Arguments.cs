namespace Broker.Bench;

/// <summary>Reads a command line: switches, and options with a value.</summary>
internal static class Arguments
{
    /// <param name="arguments">The words behind the measurement's name.</param>
    /// <param name="options">The defaults.</param>
    /// <param name="switched">The options with a switch, null for a word that is none.</param>
    /// <param name="with">The options with an option's value.</param>
    /// <exception cref="ArgumentException">A word is not understood, or a value is missing.</exception>
    public static T Read<T>(
        ReadOnlySpan<string> arguments, T options, Func<T, string, T?> switched, Func<T, string, string, T> with) where T : class
    {
        for (var i = 0; i < arguments.Length; i++)
        {
            options = switched(options, arguments[i])
                ?? with(options, arguments[i], i + 1 < arguments.Length ? arguments[++i] : throw Unknown(arguments[i]));
        }

        return options;
    }

    public static int[] Numbers(string list) => [.. list.Split(',').Select(int.Parse)];

    public static string[] Known(string list, string[] names) =>
        [.. list.Split(',').Select(name => names.Contains(name) ? name : throw Unknown(name))];

    public static TimeSpan Seconds(string number) => TimeSpan.FromSeconds(double.Parse(number));

    public static ArgumentException Unknown(string word) => new($"'{word}' is not understood; run without arguments for the options.");
}
