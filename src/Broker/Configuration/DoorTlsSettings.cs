using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary><c>broker.door.tls</c>: encryption of remote clients. Defaults are in hocon/reference.conf.</summary>
public sealed record DoorTlsSettings
{
    private const int ThumbprintDigits = 64;

    /// <summary>File with the certificate that clients are shown; empty: no TLS.</summary>
    public required string Certificate { get; init; }

    /// <summary>File with the key of <see cref="Certificate"/>.</summary>
    public required string Key { get; init; }

    /// <summary>The SHA-256 thumbprints of the certificates of clients, in hexadecimal.</summary>
    public required ImmutableArray<string> Clients { get; init; }

    /// <summary>File with the certificate of the authority that signs those of clients; empty: <see cref="Clients"/> says them.</summary>
    public required string Ca { get; init; }

    /// <summary>Whether there is TLS.</summary>
    internal bool IsOn => Certificate.Length > 0;

    internal static DoorTlsSettings From(SettingsReader reader)
    {
        var settings = new DoorTlsSettings
        {
            Certificate = reader.ExistingFile("certificate"),
            Key = reader.ExistingFile("key"),
            Clients = reader.List("clients"),
            Ca = reader.ExistingFile("ca"),
        };
        reader.Check(settings.IsOn == settings.Key.Length > 0, "key", "certificate and key are given both or neither");
        reader.Check(settings.Clients.All(IsThumbprint), "clients",
            $"allowed are SHA-256 thumbprints of {ThumbprintDigits} hexadecimal digits");
        reader.Check(settings.Clients.IsEmpty || settings.Ca.Length == 0, "ca", "only one of clients and ca may be given");
        reader.Check(!settings.IsOn || !settings.Clients.IsEmpty || settings.Ca.Length > 0, "clients",
            "clients or ca must say whose certificates are accepted");
        reader.Done();
        return settings;
    }

    private static bool IsThumbprint(string text) =>
        text.Count(char.IsAsciiHexDigit) == ThumbprintDigits
            && text.All(static letter => char.IsAsciiHexDigit(letter) || letter is ':' or ' ');
}
