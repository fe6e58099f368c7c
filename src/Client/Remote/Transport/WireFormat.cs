using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// How messages are written on the wire, and which may come: those of one serializer, with a manifest that is known. All else is refused
/// before anything of it is read.
/// </summary>
/// <param name="Serializer">The one serializer that both sides speak; it has a constructor that takes an <see
/// cref="Akka.Actor.ExtendedActorSystem"/>.</param>
/// <param name="Refusing">What stands in place of Akka's JSON serializer, under its id, and throws: nothing is ever written or read by it.
/// It has a constructor that takes an <see cref="Akka.Actor.ExtendedActorSystem"/> and the <see cref="Akka.Configuration.Config"/> of the
/// JSON serializer, for Akka's settings have such.</param>
/// <param name="SerializerId">The id that <paramref name="Serializer"/> has on the wire; above 100, where Akka has none of its own.</param>
/// <param name="Manifests">The names of the messages that may come.</param>
/// <param name="Messages">The types that <paramref name="Serializer"/> writes; an interface stands for all that implement it.</param>
public sealed record WireFormat(
    Type Serializer, Type Refusing, int SerializerId, FrozenSet<string> Manifests, ImmutableArray<Type> Messages);
