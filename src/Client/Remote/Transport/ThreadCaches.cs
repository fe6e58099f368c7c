using System.Reflection;
using Akka.Actor;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// What Akka.Remote keeps for each thread that has looked for an actor of a system: it holds the system, with all that is in it, as long as
/// the thread lives, also when the system has ended. A client makes a system for each connection, and threads of the pool live long.
/// </summary>
internal static class ThreadCaches
{
    /// <summary>Gives them free. Only for a system that has terminated: it finds no actor any more.</summary>
    public static void Release(ActorSystem terminated)
    {
        // Akka has no way to do it. Where they are not found, because it keeps them elsewhere or no more, there is nothing to give free.
        foreach (var cache in ValuesIn(((ExtendedActorSystem)terminated).Provider).OfType<IExtension>())
        {
            foreach (var kept in ValuesIn(cache).OfType<IDisposable>().Where(IsOfThreads))
            {
                kept.Dispose();
            }
        }
    }

    private static bool IsOfThreads(IDisposable value) =>
        value.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ThreadLocal<>);

    private static IEnumerable<object?> ValuesIn(object owner) =>
        owner.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic).Select(field => field.GetValue(owner));
}
