using Akka.Configuration;
using Broker.Configuration;

namespace Broker.Hosting;

/// <summary>
/// How an application embeds the broker. Settings come from the actor system's configuration (section `broker`), from HOCON text or from a file given
/// here; what is given here wins.
/// </summary>
public sealed class BrokerOptions
{
    private BrokerSettings? _settings;

    /// <summary>Settings as HOCON text, with the section `broker` at its top.</summary>
    /// <exception cref="SettingsException">A value is wrong or a key unknown; it names all of them.</exception>
    public BrokerOptions Hocon(string text)
    {
        _settings = BrokerSettings.Parse(text);
        return this;
    }

    /// <summary>Settings from a HOCON file.</summary>
    /// <exception cref="SettingsException">A value is wrong or a key unknown; it names all of them.</exception>
    public BrokerOptions HoconFile(string path)
    {
        _settings = BrokerSettings.Load(path);
        return this;
    }

    /// <summary>The clock of all waits and limits; the system's unless a test gives another.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal BrokerSettings SettingsOver(Config config) => _settings ?? BrokerSettings.From(config);
}
