using Akka.Actor;

namespace Broker.Architecture.Tests;

public sealed class ActorTests
{
    /// <summary>The type that holds every overload of Ask.</summary>
    private const string Ask = "Akka.Actor.Futures";

    [Theory]
    [InlineData("Broker")]
    [InlineData("Host")]
    public void Only_a_client_asks(string project) => Assert.DoesNotContain(Ask, References.TypesUsedBy(House.Assemblies[project]));

    [Fact]
    public void An_Ask_is_found_where_it_is() => Assert.Contains(Ask, References.TypesUsedBy(typeof(Offenders).Assembly));

    [Theory]
    [MemberData(nameof(House.Projects), MemberType = typeof(House))]
    public void Actors_are_internal_and_sealed(string project) => Assert.Empty(OpenActors(House.Assemblies[project].WrittenTypes()));

    [Fact]
    public void An_open_actor_is_found() =>
        Assert.Equal([typeof(Offenders.Inheritable), typeof(Offenders.Visible)], OpenActors(typeof(Offenders).GetNestedTypes()));

    private static IEnumerable<Type> OpenActors(IEnumerable<Type> types) =>
        types.Where(type => type.IsSubclassOf(typeof(ActorBase)) && (!type.IsSealed || type.IsVisible)).OrderBy(type => type.Name);

    /// <summary>This type breaks the rules on purpose; it is public so that its actors are.</summary>
    public static class Offenders
    {
        public static Task<string> Asking(ICanTell actor) => actor.Ask<string>("who?", TimeSpan.FromSeconds(1));

        public class Inheritable : UntypedActor
        {
            protected override void OnReceive(object message) => Unhandled(message);
        }

        public sealed class Visible : UntypedActor
        {
            protected override void OnReceive(object message) => Unhandled(message);
        }
    }
}
