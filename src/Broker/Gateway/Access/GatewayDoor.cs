using System.Security.Cryptography;
using Broker.Configuration;
using Broker.Gateway.Tls;

namespace Broker.Gateway.Access;

/// <summary>Who may come in, and what they are shown: read from files at the start, and again when the gateway is told to.</summary>
/// <param name="Rules">The access rules.</param>
/// <param name="Users">The users that are known here.</param>
/// <param name="Likenesses">What unknown users are taken for.</param>
/// <param name="AuthQuery">The statement that looks up users that are not known here; empty: none are looked up.</param>
/// <param name="Tls">How connections are encrypted; null when they are not.</param>
internal sealed record GatewayDoor(AccessRules Rules, UserList Users, Likenesses Likenesses, string AuthQuery, ServerTls? Tls)
{
    private const int SecretLength = 32;

    /// <summary>A secret for <see cref="Load"/>.</summary>
    internal static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretLength);

    /// <summary>Reads the files. They were proven readable and right with the settings; what has changed since is an error here.</summary>
    /// <param name="settings">Of the gateway.</param>
    /// <param name="configured">Users of the configuration, with their passwords in clear.</param>
    /// <param name="secret">The same one each time, so that nothing a client sees changes.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is not right.</exception>
    internal static GatewayDoor Load(GatewaySettings settings, UserList configured, byte[] secret)
    {
        var users = configured;
        if (settings.AuthFile.Length > 0)
        {
            users = UserList.Parse(File.ReadAllText(settings.AuthFile), out var wrong).Over(configured);
            Check(wrong, settings.AuthFile);
        }
        return new(RulesOf(settings), users, new(users.Passwords, secret), settings.AuthQuery, ServerTls.Load(settings.Tls));
    }

    private static AccessRules RulesOf(GatewaySettings settings)
    {
        if (settings.Hba.IsEmpty && settings.HbaFile.Length == 0)
        {
            return AccessRules.Of(settings.Auth);
        }
        var rules = settings.Hba.IsEmpty
            ? AccessRules.Parse(File.ReadAllText(settings.HbaFile), out var wrong)
            : AccessRules.Parse(string.Join('\n', settings.Hba), out wrong);
        Check(wrong, settings.HbaFile.Length > 0 ? settings.HbaFile : "broker.gateway.hba");
        return rules;
    }

    private static void Check(IReadOnlyCollection<LineProblem> wrong, string where)
    {
        if (wrong.Count > 0)
        {
            throw new InvalidDataException($"{where}: {string.Join("; ", wrong)}");
        }
    }
}
