using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// <c>broker.databases.{name}</c> over <c>broker.database-defaults</c>: a database as callers name it. Defaults are in
/// hocon/reference.conf.
/// </summary>
public sealed record DatabaseSettings
{
    /// <summary>The name under which a database stands for all that are not named.</summary>
    internal const string Others = "*";

    /// <summary>The name callers use.</summary>
    public required string Name { get; init; }

    /// <summary>The name of its server, a key of <see cref="BrokerSettings.Servers"/>.</summary>
    public required string Server { get; init; }

    /// <summary>The name of the database on the server.</summary>
    public required string Database { get; init; }

    /// <summary>The user of callers that ask for none; a key of <see cref="Users"/>.</summary>
    public required string User { get; init; }

    /// <summary>Where the password of <see cref="User"/> comes from.</summary>
    public required PasswordSource Password { get; init; }

    /// <summary>What the server shows as application_name, up to 63 letters.</summary>
    public required string ApplicationName { get; init; }

    /// <summary>Share of the server's budget in relation to its other databases, 1 to 100.</summary>
    public required int Weight { get; init; }

    /// <summary>How long clients of the gateway keep a connection of this database; a user may say otherwise.</summary>
    public required PoolMode Mode { get; init; }

    /// <summary>Run-time settings sent at connect.</summary>
    public required ImmutableSortedDictionary<string, string> Settings { get; init; }

    /// <summary>The settings of a pool of this database whose user overrides nothing.</summary>
    public required PoolSettings Pool { get; init; }

    /// <summary>Single statements outside any conversation.</summary>
    public required ErrandSettings Errands { get; init; }

    /// <summary>Errands of different callers in one round trip.</summary>
    public required PackingSettings Packing { get; init; }

    /// <summary>The users with settings of their own, <see cref="User"/> always among them.</summary>
    public required ImmutableSortedDictionary<string, UserSettings> Users { get; init; }

    /// <summary>Whether it stands for all databases that are not named. Only clients of the gateway reach those.</summary>
    internal bool IsForOthers => Name == Others;

    /// <summary>The same for one of those that it stands for.</summary>
    internal DatabaseSettings Named(string name) => this with { Name = name, Database = Database == Others ? name : Database };

    /// <summary>
    /// The user whose pool a client of the gateway has: its own when it is named here or nobody is, else <see cref="User"/>.
    /// </summary>
    internal UserSettings UserFor(string client) => Users.GetValueOrDefault(client)
        ?? (User.Length > 0 ? Users[User] : new() { Name = client, Password = new PasswordSource.None(), Mode = Mode, Pool = Pool });

    internal static DatabaseSettings From(string name, SettingsReader reader, SettingsReader root, ServerBook servers)
    {
        var given = ConnectionString.From(reader);
        var pool = reader.InsideOver("pool", root.Inside("pool"));
        var server = reader.Words("server");
        var database = reader.Words("database");
        var user = reader.Words("user");
        var password = PasswordSource.From(reader);
        var settings = new DatabaseSettings
        {
            Name = name,
            Server = given is null ? servers.Find(server, reader) : servers.Find(given, reader),
            Database = (given?.Database ?? database) is { Length: > 0 } chosen ? chosen : name,
            User = given?.User ?? user,
            Password = given?.Password ?? password,
            ApplicationName = given?.ApplicationName ?? reader.Words("application-name"),
            Weight = reader.Whole("weight", 1, 100),
            Mode = reader.ChoiceOr("mode", root.Inside("gateway").Choice<PoolMode>("mode")),
            Settings = given is null ? reader.Pairs("settings") : given.Settings.SetItems(reader.Pairs("settings")),
            Pool = PoolSettings.From(pool),
            Errands = ErrandSettings.From(reader.InsideOver("errands", root.Inside("errands"))),
            Packing = PackingSettings.From(reader.InsideOver("packing", root.Inside("packing"))),
            Users = ImmutableSortedDictionary<string, UserSettings>.Empty,
        };
        reader.Known("application-name");
        reader.Check(settings.User.Length > 0 || settings.IsForOthers, "user", "a user must be given");
        reader.Check(settings.ApplicationName.Length <= 63, "application-name", "allowed is a text of up to 63 letters");
        settings = settings with { Users = UsersFrom(reader, pool, settings) };
        reader.Done();
        return settings;
    }

    private static ImmutableSortedDictionary<string, UserSettings> UsersFrom(SettingsReader reader, SettingsReader pool,
        DatabaseSettings settings)
    {
        var own = new UserSettings { Name = settings.User, Password = settings.Password, Mode = settings.Mode, Pool = settings.Pool };
        var none = ImmutableSortedDictionary.Create<string, UserSettings>(StringComparer.Ordinal);
        var users = own.Name.Length > 0 ? none.Add(own.Name, own) : none;
        foreach (var (name, inner) in reader.Named("users", null))
        {
            var user = UserSettings.From(name, inner, pool, settings.Mode);
            users = users.SetItem(name,
                name == own.Name && user.Password is PasswordSource.None ? user with { Password = own.Password } : user);
        }

        return users;
    }
}
