using Akka.Actor.Setup;
using Akka.Configuration;
using Broker.Configuration;

namespace Broker.Hosting;

/// <summary>
/// Carries an application's options from its actor system's configuration to whoever needs the settings before or beside the actors: they
/// are read once, whoever asks first.
/// </summary>
internal sealed class BrokerSetup(BrokerOptions options) : Setup
{
    private BrokerSettings? _settings;

    /// <summary>What the application gave.</summary>
    internal BrokerOptions Options { get; } = options;

    /// <summary>The settings over the system's configuration.</summary>
    /// <exception cref="SettingsException">A value is wrong or a key unknown; it names all of them.</exception>
    internal BrokerSettings SettingsOver(Config config) => _settings ??= Options.SettingsOver(config);
}
