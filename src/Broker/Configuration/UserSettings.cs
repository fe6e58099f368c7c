namespace Broker.Configuration;

/// <summary><c>broker.databases.{name}.users.{user}</c>: one user of a database, whose connections are one pool.</summary>
public sealed record UserSettings
{
    /// <summary>The name of the role.</summary>
    public required string Name { get; init; }

    /// <summary>Where the password comes from.</summary>
    public required PasswordSource Password { get; init; }

    /// <summary>The settings of the pool, complete.</summary>
    public required PoolSettings Pool { get; init; }

    internal static UserSettings From(string name, SettingsReader reader, SettingsReader databasePool)
    {
        var settings = new UserSettings
        {
            Name = name,
            Password = PasswordSource.From(reader),
            Pool = PoolSettings.From(reader.InsideOver("pool", databasePool)),
        };
        reader.Done();
        return settings;
    }
}
