using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Architecture.Tests;

public sealed class MessageTests
{
    private static readonly string[] FamilyEndings = ["Command", "Commands", "Event", "Events", "Request", "Reply", "Message", "Messages",
        "Query", "Queries"];

    [Fact]
    public void What_clients_and_broker_tell_each_other_is_sealed_and_immutable_with_all_it_holds()
    {
        var travelling = Immutability.Closure(RemoteMessages.All);

        Assert.Contains(typeof(Column<>), travelling);
        Assert.Contains(typeof(StatementFailed), travelling);
        Assert.Empty(travelling.SelectMany(Immutability.Violations));
    }

    [Fact]
    public void What_actors_tell_each_other_is_sealed_and_immutable()
    {
        var messages = House.Assemblies["Broker"].WrittenTypes().Where(BelongsToAFamily).ToArray();

        Assert.NotEmpty(messages);
        Assert.Empty(messages.SelectMany(Immutability.Violations));
    }

    [Fact]
    public void What_an_actor_tells_itself_is_private()
    {
        var toSelf = House.Assemblies["Broker"].WrittenTypes()
            .Where(type => type.IsClass && typeof(INoSerializationVerificationNeeded).IsAssignableFrom(type));

        Assert.DoesNotContain(toSelf, type => type.DeclaringType?.IsSubclassOf(typeof(ActorBase)) == true && !type.IsNestedPrivate);
    }

    [Fact]
    public void Every_request_and_reply_is_in_the_one_list_of_remote_messages()
    {
        var written = ProtocolTypes().Where(type => !type.IsInterface && !type.IsAbstract)
            .Where(type => typeof(IBrokerRequest).IsAssignableFrom(type) || typeof(IBrokerReply).IsAssignableFrom(type));

        Assert.Equal(Names(written), Names(RemoteMessages.All));
    }

    [Theory]
    [InlineData(typeof(Offenders.Open), "Open is not sealed")]
    [InlineData(typeof(Offenders.Settable), "can be assigned after construction")]
    [InlineData(typeof(Offenders.InheritsSettable), "can be assigned after construction")]
    [InlineData(typeof(Offenders.HoldsList), "HoldsList.Rows is a List`1")]
    [InlineData(typeof(Offenders.HidesList), "HidesList.Rows is a IReadOnlyList`1")]
    [InlineData(typeof(Offenders.HoldsArray), "HoldsArray.Bytes is a Byte[]")]
    public void A_message_that_can_be_changed_is_found(Type offender, string why) =>
        Assert.Contains(Immutability.Violations(offender), violation => violation.Contains(why, StringComparison.Ordinal));

    [Fact]
    public void A_plain_record_of_values_is_no_offender() => Assert.Empty(Immutability.Violations(typeof(Offenders.Innocent)));

    private static IEnumerable<string> Names(IEnumerable<Type> types) => types.Select(type => type.FullName!).Order(StringComparer.Ordinal);

    private static IEnumerable<Type> ProtocolTypes() =>
        House.Assemblies["Client"].WrittenTypes()
            .Where(type => type.Namespace!.StartsWith("Broker.Client.Protocol", StringComparison.Ordinal));

    /// <summary>
    /// A message belongs to a family by its marker interface, or by being written inside the static class that holds the family.
    /// </summary>
    private static bool BelongsToAFamily(Type type) =>
        type.GetInterfaces()
            .Any(one => one == typeof(INoSerializationVerificationNeeded)
                || (one.Namespace!.StartsWith("Broker", StringComparison.Ordinal) && NamesAFamily(one)))
        || (type.DeclaringType is { IsAbstract: true, IsSealed: true } family && NamesAFamily(family));

    private static bool NamesAFamily(Type type) => FamilyEndings.Any(ending => type.Name.EndsWith(ending, StringComparison.Ordinal));

    /// <summary>These break the rules on purpose.</summary>
    public static class Offenders
    {
        public record Open(int Number);

        public abstract record BaseSettable
        {
            public int Number { get; set; }
        }

        public sealed record Settable
        {
            public int Number { get; set; }
        }

        public sealed record InheritsSettable : BaseSettable;

        public sealed record HoldsList(List<int> Rows);

        public sealed record HidesList(IReadOnlyList<int> Rows);

        public sealed record HoldsArray(byte[] Bytes);

        public sealed record Innocent(string Text, ImmutableArray<int> Rows, DateTime? At)
        {
            public string Note { get; init; } = "";
        }
    }
}
