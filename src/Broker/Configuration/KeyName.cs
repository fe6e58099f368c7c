namespace Broker.Configuration;

/// <summary>How a name of the code is written in the configuration: <c>AcquireTimeout</c> is <c>acquire-timeout</c>.</summary>
internal static class KeyName
{
    public static string Of(string name) =>
        string.Concat(name.Select((letter, at) => char.IsUpper(letter) && at > 0 ? $"-{char.ToLowerInvariant(letter)}" : $"{char.ToLowerInvariant(letter)}"));
}
