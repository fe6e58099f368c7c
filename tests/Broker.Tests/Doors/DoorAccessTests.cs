using System.Net;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;
using Broker.Doors;
using Broker.Gateway.Access;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Which clients that are in have to go when users and rules are read anew.</summary>
public sealed class DoorAccessTests
{
    private const string Orders = "broker.databases.orders.connection-string = \"Host=nowhere;Username=ann;Password=secret\"\n";
    private const string OfBob = "broker.databases.orders.connection-string = \"Host=nowhere;Username=bob;Password=secret\"\n";
    private const string NewPassword = "broker.databases.orders.connection-string = \"Host=nowhere;Username=ann;Password=new\"\n";
    private const string Shop = "broker.databases.shop.connection-string = \"Host=nowhere;Username=ann;Password=secret\"\n";
    private const string ForAll = "broker.gateway.hba = [\"host all all all scram-sha-256\"]\n";
    private const string ForShop = "broker.gateway.hba = [\"host shop all all scram-sha-256\"]\n";
    private const string ForOrders = "broker.gateway.hba = [\"host orders all all scram-sha-256\"]\n";
    private const string ForBob = "broker.gateway.hba = [\"host all bob all scram-sha-256\"]\n";
    private const string Admin = "broker.door.admins = [ann]\n";

    [Theory]
    [InlineData(Orders, Orders, false)]
    [InlineData(Orders, OfBob, true)]
    [InlineData(Orders, NewPassword, false)]
    [InlineData(Orders + Shop, NewPassword + Shop, false)]
    [InlineData(Orders + Shop + ForAll, Shop + ForAll, false)]
    [InlineData(Orders + Shop + ForAll, Orders + Shop + ForShop, false)]
    [InlineData(Orders + Shop + ForAll, Orders + Shop + ForBob, true)]
    [InlineData(Orders + Shop + ForAll + Admin, Orders + Shop + ForBob + Admin, false)]
    [InlineData(Orders + ForBob, Orders + ForBob, false)]
    [InlineData(Orders + ForOrders, Shop + ForShop, false)]
    [InlineData(Orders + ForBob + Admin, Orders + ForBob, true)]
    public void A_user_that_is_gone_or_has_lost_its_last_right_has_to_go(string before, string now, bool goes)
    {
        var failure = AccessOf(now).Removal(new("ann", IPAddress.Loopback, null), AccessOf(before));

        Assert.Equal(goes, failure is ClientRefused { SqlState: "28000" });
    }

    private static DoorAccess AccessOf(string text)
    {
        var settings = BrokerSettings.Parse(text);
        return new(GatewayDoor.Load(settings.Gateway, UserList.Of(settings.Databases.Values), GatewayDoor.NewSecret()), settings.Databases, settings.Door.Admins);
    }
}
