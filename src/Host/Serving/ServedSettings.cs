using Akka.Configuration;
using Broker.Configuration;

namespace Broker.Host.Serving;

/// <summary>What brokerd is started with: the broker's settings, and all of the text for the actor system beneath it.</summary>
/// <param name="Broker">The broker's settings, checked.</param>
/// <param name="All">Everything that the text says, the actor system's own settings included.</param>
internal sealed record ServedSettings(BrokerSettings Broker, Config All)
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="SettingsException">A value is wrong or a key unknown; it names all of them.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    internal static ServedSettings Load(string file) => Parse(File.ReadAllText(file), file);

    /// <summary>Reads a text; <paramref name="name"/> is what messages call it.</summary>
    /// <exception cref="SettingsException">A value is wrong or a key unknown; it names all of them.</exception>
    internal static ServedSettings Parse(string text, string name) =>
        new(BrokerSettings.Parse(text, name), ConfigurationFactory.ParseString(text));
}
