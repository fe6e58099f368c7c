using System.Reflection;
using Broker.Configuration;

namespace Broker.Architecture.Tests;

/// <summary>A setting that is read from the configuration and then by nobody is a promise that is not kept.</summary>
public sealed class SettingsTests
{
    // What is written in reference.conf ahead of the code that will read it. An entry goes when its piece is built.
    private static readonly string[] NotBuiltYet =
    [
        $"{nameof(LedgerSettings)}.{nameof(LedgerSettings.Keep)}",
    ];

    // Read by nobody by design: what others are made of, and what an application may look at.
    private static readonly string[] ForLookingAt =
    [
        $"{nameof(BrokerSettings)}.{nameof(BrokerSettings.ServerDefaults)}",
        $"{nameof(BrokerSettings)}.{nameof(BrokerSettings.PoolDefaults)}",
        $"{nameof(BrokerSettings)}.{nameof(BrokerSettings.ErrandDefaults)}",
        $"{nameof(BrokerSettings)}.{nameof(BrokerSettings.PackingDefaults)}",
        $"{nameof(DatabaseSettings)}.{nameof(DatabaseSettings.Password)}", // that of its user, in Users
        $"{nameof(DatabaseSettings)}.{nameof(DatabaseSettings.Pool)}", // its users' pools
        $"{nameof(DatabaseSettings)}.{nameof(DatabaseSettings.Mode)}", // its users' modes
        $"{nameof(GatewaySettings)}.{nameof(GatewaySettings.Mode)}", // its databases' modes
        $"{nameof(GatewayUnixSettings)}.{nameof(GatewayUnixSettings.DefaultPort)}", // in the addresses
    ];

    [Fact]
    public void Every_setting_is_used_by_code_that_does_more_than_read_it() => Assert.Empty(Unread());

    [Fact]
    public void A_setting_that_nobody_reads_would_be_found() =>
        Assert.Contains($"{nameof(BrokerSettings)}.{nameof(BrokerSettings.ServerDefaults)}", Settings().Except(Read()));

    private static IEnumerable<string> Unread() => Settings().Except(Read()).Except(ForLookingAt)
        .Where(setting => !NotBuiltYet.Any(record => setting.StartsWith(record, StringComparison.Ordinal)));

    private static IEnumerable<string> Settings() => House.Assemblies["Broker"].WrittenTypes()
        .Where(type => type.Namespace == "Broker.Configuration" && type.Name.EndsWith("Settings", StringComparison.Ordinal))
        .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        .Where(property => !NotBuiltYet.Contains(property.PropertyType.Name))
        .Select(NameOf);

    private static IEnumerable<string> Read() => House.Assemblies.Values.SelectMany(Instructions.Calls)
        .Where(call => !IsReading(call.Caller) && call.Called.IsSpecialName && call.Called.Name.StartsWith("get_", StringComparison.Ordinal)
            && call.Called.DeclaringType is { Namespace: "Broker.Configuration" })
        .Select(call => $"{call.Called.DeclaringType!.Name}.{call.Called.Name["get_".Length..]}")
        .Distinct();

    private static string NameOf(PropertyInfo property) => $"{property.DeclaringType!.Name}.{property.Name}";

    // What a record makes of its own settings for others counts; reading them, checking them and what the compiler adds to a record do not.
    private static bool IsReading(MethodBase method) => method.DeclaringType!.Namespace == "Broker.Configuration"
        && (method.IsStatic || method.IsVirtual || method.IsConstructor || method.IsSpecialName || method.Name == "PrintMembers"
            || method.DeclaringType!.Name.Contains('<', StringComparison.Ordinal));
}
