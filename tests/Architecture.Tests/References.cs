using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Broker.Architecture.Tests;

/// <summary>
/// What a built assembly refers to, read from its metadata. A <c>lock</c> statement is invisible to the analyzer of banned symbols, which
/// looks at calls that somebody wrote; in metadata it is a reference to Monitor like any other.
/// </summary>
internal static class References
{
    public static IReadOnlySet<string> TypesUsedBy(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        return metadata.TypeReferences
            .Select(metadata.GetTypeReference)
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")
            .ToHashSet();
    }

    public static IReadOnlySet<string> AssembliesUsedBy(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(name => name.Name!).ToHashSet();
}
