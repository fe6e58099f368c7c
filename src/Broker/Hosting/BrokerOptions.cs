using System.Collections.Immutable;
using Akka.Configuration;
using Broker.Configuration;
using Broker.Pools.Hooks;

namespace Broker.Hosting;

/// <summary>
/// How an application embeds the broker. Settings come from the actor system's configuration (section `broker`), from HOCON text or from a
/// file given here; what is given here wins.
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

    /// <summary>Settings that were read already.</summary>
    public BrokerOptions Use(BrokerSettings settings)
    {
        _settings = settings;
        return this;
    }

    /// <summary>The clock of all waits and limits; the system's unless a test gives another.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Hooks of the pools of a database, after those given before.</summary>
    /// <param name="database">Its name in the settings.</param>
    /// <param name="hooks">The hooks.</param>
    public BrokerOptions Hooks(string database, PoolHooks hooks)
    {
        PoolHooks = PoolHooks.SetItem(database, PoolHooks.GetValueOrDefault(database, Pools.Hooks.PoolHooks.None).And(hooks));
        return this;
    }

    /// <summary>What <see cref="Hooks"/> gave, by database.</summary>
    internal ImmutableDictionary<string, PoolHooks> PoolHooks { get; private set; } = ImmutableDictionary.Create<string, PoolHooks>();

    internal BrokerSettings SettingsOver(Config config) => _settings ?? BrokerSettings.From(config);
}
