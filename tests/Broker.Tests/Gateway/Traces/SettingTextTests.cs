using Broker.Gateway.Traces;
using Xunit;

namespace Broker.Tests.Gateway.Traces;

/// <summary>SET and RESET in all their forms.</summary>
public sealed class SettingTextTests
{
    [Theory]
    [InlineData("SET work_mem = '1MB'", "work_mem")]
    [InlineData("set Work_Mem to '1MB'", "work_mem")]
    [InlineData("set \"Work_Mem\" to '1MB'", "work_mem")]
    [InlineData("set session work_mem = default", "work_mem")]
    [InlineData("set time zone 'UTC'", "timezone")]
    [InlineData("set session time zone local", "timezone")]
    [InlineData("set names 'UTF8'", "client_encoding")]
    [InlineData("set schema 'x'", "search_path")]
    [InlineData("set role none", "role")]
    [InlineData("set session role x", "role")]
    [InlineData("set session authorization default", "session_authorization")]
    [InlineData("set session session authorization x", "session_authorization")]
    [InlineData("set xml option document", "xmloption")]
    [InlineData("set app.user = 'a'", "app.user")]
    [InlineData("set session.user = 'a'", "session.user")]
    [InlineData("set local.user = 'a'", "local.user")]
    [InlineData("set transaction.user = 'a'", "transaction.user")]
    [InlineData("set a.\"B\".c = 'a'", "a.b.c")]
    public void A_setting_is_found_by_its_name(string text, string name)
    {
        var trace = SettingText.Read(text);

        Assert.True(trace.IsDirty);
        Assert.Equal((SettingChangeKind.Set, name, text), (trace.Change!.Kind, trace.Change.Name, trace.Change.Sql.ToString()));
    }

    [Theory]
    [InlineData("reset work_mem", "work_mem")]
    [InlineData("RESET app.user", "app.user")]
    [InlineData("reset role", "role")]
    [InlineData("reset time zone", "timezone")]
    [InlineData("reset session authorization", "session_authorization")]
    [InlineData("reset all", "")]
    public void A_reset_is_one(string text, string name)
    {
        var change = SettingText.Read(text).Change!;

        Assert.Equal((name.Length == 0 ? SettingChangeKind.ResetAll : SettingChangeKind.Reset, name), (change.Kind, change.Name));
    }

    [Theory]
    [InlineData(" set a.b = 1 ;; ")]
    [InlineData("/* x */ set a.b = 1 ; -- y")]
    [InlineData(";set a.b = 1")]
    public void What_is_around_a_setting_is_not_kept(string text) =>
        Assert.Equal("set a.b = 1", SettingText.Read(text).Change!.Sql.ToString());

    [Theory]
    [InlineData("set local work_mem = '1MB'")]
    [InlineData("set transaction isolation level serializable")]
    [InlineData("set local transaction read only")]
    [InlineData("set constraints all deferred")]
    public void What_ends_with_the_transaction_leaves_nothing(string text) => Assert.Same(SessionTrace.None, SettingText.Read(text));

    [Theory]
    [InlineData("set local search_path = x")]
    [InlineData("set local schema 'x'")]
    [InlineData("set local role x")]
    [InlineData("set local session authorization x")]
    [InlineData("set local \"Search_Path\" = x")]
    [InlineData("set session characteristics as transaction read only")]
    [InlineData("reset transaction isolation level")]
    [InlineData("set")]
    [InlineData("set ;")]
    [InlineData("set 'x' = 1")]
    [InlineData("set a. = 1")]
    [InlineData("set U&\"x\" = 1")]
    public void What_is_not_known_to_be_one_setting_may_leave_anything(string text) =>
        Assert.Same(SessionTrace.Unknown, SettingText.Read(text));
}
