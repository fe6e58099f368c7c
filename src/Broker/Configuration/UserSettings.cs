namespace Broker.Configuration;

/// <summary><c>broker.databases.{name}.users.{user}</c>: one user of a database, whose connections are one pool.</summary>
public sealed record UserSettings
{
    /// <summary>The name of the role.</summary>
    public required string Name { get; init; }

    /// <summary>Where the password comes from.</summary>
    public required PasswordSource Password { get; init; }

    /// <summary>How long clients of the gateway keep a connection of this user.</summary>
    public required PoolMode Mode { get; init; }

    /// <summary>The settings of the pool, complete.</summary>
    public required PoolSettings Pool { get; init; }

    internal static UserSettings From(string name, SettingsReader reader, SettingsReader databasePool, PoolMode databaseMode)
    {
        var settings = new UserSettings
        {
            Name = name,
            Password = PasswordSource.From(reader),
            Mode = reader.ChoiceOr("mode", databaseMode),
            Pool = PoolSettings.From(reader.InsideOver("pool", databasePool)),
        };
        reader.Done();
        return settings;
    }
}
