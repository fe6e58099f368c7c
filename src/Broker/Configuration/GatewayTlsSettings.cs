namespace Broker.Configuration;

/// <summary><c>broker.gateway.tls</c>: encryption between the gateway and its clients. Defaults are in hocon/reference.conf.</summary>
public sealed record GatewayTlsSettings
{
    /// <summary>Who must encrypt, and whose certificate is checked. To a client, allow is prefer, and verify-full is verify-ca.</summary>
    public required TlsMode Mode { get; init; }

    /// <summary>
    /// File with the certificate that clients are shown, and those between it and its authority; given unless the mode is disable.
    /// </summary>
    public required string Certificate { get; init; }

    /// <summary>File with the key of <see cref="Certificate"/>; given unless the mode is disable.</summary>
    public required string Key { get; init; }

    /// <summary>File with the certificates that are trusted to sign those of clients; given for verify-ca and verify-full.</summary>
    public required string Ca { get; init; }

    internal bool Verifies => Mode is TlsMode.VerifyCa or TlsMode.VerifyFull;

    internal static GatewayTlsSettings From(SettingsReader reader)
    {
        var settings = new GatewayTlsSettings
        {
            Mode = reader.Choice<TlsMode>("mode"),
            Certificate = reader.ExistingFile("certificate"),
            Key = reader.ExistingFile("key"),
            Ca = reader.ExistingFile("ca"),
        };
        var offered = settings.Mode != TlsMode.Disable;
        reader.Check(!offered || settings.Certificate.Length > 0, "certificate", "a file must be given unless mode = disable");
        reader.Check(!offered || settings.Key.Length > 0, "key", "a file must be given unless mode = disable");
        reader.Check(!settings.Verifies || settings.Ca.Length > 0, "ca", "a file must be given for mode = verify-ca and verify-full");
        reader.Done();
        return settings;
    }
}
