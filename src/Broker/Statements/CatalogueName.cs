namespace Broker.Statements;

/// <summary>
/// The name of a function, relation or type as the catalogue spells it. Without <paramref name="Schema"/> it is looked
/// for along the caller's search_path.
/// </summary>
internal readonly record struct CatalogueName(string? Schema, string Name)
{
    /// <summary>The schema of everything that comes with the server.</summary>
    public const string SystemSchema = "pg_catalog";

    /// <summary>Whether the name is in <see cref="SystemSchema"/>.</summary>
    public bool IsSystem => Schema == SystemSchema;

    /// <summary>The same name, taken to be in <see cref="SystemSchema"/> when it says no schema.</summary>
    public CatalogueName OrSystem() => Schema is null ? this with { Schema = SystemSchema } : this;

    /// <summary>For messages only: not quoted.</summary>
    public override string ToString() => Schema is null ? Name : $"{Schema}.{Name}";
}
