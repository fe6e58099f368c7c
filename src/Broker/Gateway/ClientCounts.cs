using Broker.Client.Protocol.Failures;
using Broker.Configuration;

namespace Broker.Gateway;

/// <summary>How many clients there are, of each user and of each database, and whether one more may come. Owned by one actor.</summary>
internal sealed class ClientCounts
{
    private readonly GatewaySettings _settings;
    private readonly Dictionary<string, int> _ofUser = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ofDatabase = new(StringComparer.Ordinal);

    internal ClientCounts(GatewaySettings settings) => _settings = settings;

    /// <summary>How many there are.</summary>
    internal int All { get; private set; }

    /// <summary>Counts one more; a failure when it may not come.</summary>
    internal Failure? Enter(string user, string database)
    {
        var failure = All >= _settings.MaxClients ? new TooManyClients(_settings.MaxClients, "broker.gateway.max-clients")
            : _settings.MaxClientsPerUser is { } ofUser && _ofUser.GetValueOrDefault(user) >= ofUser
                ? new TooManyClients(ofUser, $"broker.gateway.max-clients-per-user, user {user}")
            : _settings.MaxClientsPerDatabase is { } ofDatabase && _ofDatabase.GetValueOrDefault(database) >= ofDatabase
                ? new TooManyClients(ofDatabase, $"broker.gateway.max-clients-per-database, database {database}")
            : null;
        if (failure is null)
        {
            All++;
            _ofUser[user] = _ofUser.GetValueOrDefault(user) + 1;
            _ofDatabase[database] = _ofDatabase.GetValueOrDefault(database) + 1;
        }
        return failure;
    }

    /// <summary>One is gone.</summary>
    internal void Leave(string user, string database)
    {
        All--;
        Less(_ofUser, user);
        Less(_ofDatabase, database);
    }

    private static void Less(Dictionary<string, int> counts, string name)
    {
        if (--counts[name] == 0)
        {
            counts.Remove(name);
        }
    }
}
