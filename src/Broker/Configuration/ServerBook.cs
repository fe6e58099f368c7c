using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>The servers while settings are read: those configured, and those that only connection strings name.</summary>
internal sealed class ServerBook
{
    private readonly ServerSettings _defaults;
    private ImmutableSortedDictionary<string, ServerSettings> _servers;

    public ServerBook(ServerSettings defaults, IEnumerable<ServerSettings> configured)
    {
        _defaults = defaults;
        _servers = configured.ToImmutableSortedDictionary(server => server.Name, server => server, StringComparer.Ordinal);
    }

    public ImmutableSortedDictionary<string, ServerSettings> Servers => _servers;

    /// <summary>The server a database names, or the only one if it names none.</summary>
    public string Find(string name, SettingsReader reader)
    {
        if (name.Length == 0)
        {
            reader.Check(_servers.Count == 1, "server", $"a server must be named: {Known}");
            return _servers.Keys.FirstOrDefault("");
        }

        reader.Check(
            _servers.ContainsKey(name), "server", $"there is no such server under broker.servers; {Known}{Nearest(name)}");
        return name;
    }

    /// <summary>The server with the hosts of a connection string; a new one if there is none yet.</summary>
    public string Find(ConnectionString given, SettingsReader reader)
    {
        reader.Known("server");
        if (_servers.Values.FirstOrDefault(server => server.Hosts.SequenceEqual(given.Hosts)) is not { } known)
        {
            var name = given.Hosts[0].ToString();
            _servers = _servers.SetItem(name, given.Over(_defaults) with { Name = name, Hosts = given.Hosts });
            return name;
        }

        reader.Check(given.Over(known) == known, "connection-string",
            $"it differs from server {known.Name}, which has the same hosts, in TLS or target");
        return known.Name;
    }

    private string Known => _servers.IsEmpty ? "none is configured" : $"known are {string.Join(", ", _servers.Keys)}";

    private string Nearest(string name) => EditDistance.Nearest(name, _servers.Keys) is { } nearest ? $", nearest is {nearest}" : "";
}
