using System.Collections.Immutable;
using System.Net;

namespace Broker.Gateway.Access;

/// <summary>Who wants in, and how it came.</summary>
/// <param name="User">The name it gives itself.</param>
/// <param name="Database">The database it asks for.</param>
/// <param name="Address">Where it comes from; null on a Unix socket.</param>
internal sealed record LoginAttempt(string User, string Database, IPAddress? Address)
{
    /// <summary>Whether <see cref="Address"/> is one of this machine's own.</summary>
    public bool IsFromSameHost { get; init; }

    /// <summary>Whether it wants a physical replication, which has no database.</summary>
    public bool IsReplication { get; init; }

    /// <summary>The account its process runs as; null when it is not known, as over TCP.</summary>
    public string? Account { get; init; }

    /// <summary>What is known by TLS; null without.</summary>
    public TlsFacts? Tls { get; init; }

    /// <summary>It in words, for a refusal and for the log.</summary>
    public override string ToString()
    {
        var place = Address is null ? "the Unix socket" : $"host \"{Address}\"";
        var encryption = Address is null ? "" : Tls is null ? ", no encryption" : ", TLS encryption";
        return $"{place}, user \"{User}\", database \"{(IsReplication ? "replication" : Database)}\"{encryption}";
    }
}

/// <summary>What is known of a client by TLS.</summary>
/// <param name="Binding">The data of the channel binding, of our certificate; empty when it has none.</param>
/// <param name="CertificateName">The common name of the client's certificate, which was checked; null when it showed none.</param>
internal sealed record TlsFacts(ImmutableArray<byte> Binding, string? CertificateName = null);
