using System.Reflection;

namespace Broker.Architecture.Tests;

/// <summary>The checkout and the assemblies built from its src folder.</summary>
internal static class House
{
    /// <summary>The assemblies of the product, by the name of their project.</summary>
    public static IReadOnlyDictionary<string, Assembly> Assemblies { get; } = new Dictionary<string, Assembly>
    {
        ["Client"] = Assembly.Load("Broker.Client"),
        ["PgWire"] = Assembly.Load("Broker.PgWire"),
        ["Broker"] = Assembly.Load("Broker"),
        ["LocalPostgres"] = Assembly.Load("Broker.LocalPostgres"),
        ["Host"] = Assembly.Load("brokerd"),
    };

    public static TheoryData<string> Projects => [.. Assemblies.Keys];

    public static string Root { get; } = FindRoot();

    /// <summary>Every source file below src that somebody wrote, by its path from the root.</summary>
    public static IEnumerable<string> SourceFiles() =>
        Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    /// <summary>
    /// Every type that somebody wrote: what the compiler made of lambdas, iterators and async methods has no speakable name.
    /// </summary>
    public static IEnumerable<Type> WrittenTypes(this Assembly assembly) =>
        assembly.GetTypes().Where(type => !type.FullName!.Contains('<', StringComparison.Ordinal)
            && (type.Namespace ?? "").StartsWith("Broker", StringComparison.Ordinal));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Broker.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Broker.sln.");
    }
}
