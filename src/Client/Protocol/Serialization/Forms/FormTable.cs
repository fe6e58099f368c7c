using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>The form for each type that a field of a message may have.</summary>
internal static class FormTable
{
    private const BindingFlags Constructor = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly FrozenDictionary<Type, object> Known = new Dictionary<Type, object>
    {
        [typeof(bool)] = Plain(static (w, v) => w.WriteByte(v ? (byte)1 : (byte)0), static r => r.ReadByte() != 0),
        [typeof(string)] = Plain(static (w, v) => w.WriteText(v), static r => r.ReadText()),
        [typeof(int)] = Plain(static (w, v) => w.WriteSigned(v), static r => r.ReadSmall()),
        [typeof(long)] = Plain(static (w, v) => w.WriteSigned(v), static r => r.ReadSigned()),
        [typeof(ulong)] = Plain(static (w, v) => w.WriteVar(v), static r => r.ReadVar()),
        [typeof(TimeSpan)] = Plain(static (w, v) => w.WriteSigned(v.Ticks), static r => new TimeSpan(r.ReadSigned())),
        [typeof(ReadOnlyMemory<byte>)] = Plain<ReadOnlyMemory<byte>>(static (w, v) => w.WriteBlock(v.Span), static r => r.ReadBlock()),
        [typeof(IActorRef)] = Plain<IActorRef>(static (w, v) => w.WriteSigned(NumberOf(w, v)), static r => Find(r, r.ReadSigned())),
        [typeof(PoolId)] = Plain(static (w, v) => Write(w, v), static r => new PoolId(r.ReadText(), r.ReadText()), 2),
        [typeof(ConnectionId)] = Plain(static (w, v) => w.WriteSigned(v.Number), static r => new ConnectionId(r.ReadSigned())),
        [typeof(LeaseId)] = Plain(static (w, v) => w.WriteSigned(v.Number), static r => new LeaseId(r.ReadSigned())),
        [typeof(ErrandId)] = Plain(static (w, v) => Write(w, v), static r => new ErrandId(r.ReadFixed<long>(), r.ReadSigned()), 9),
        [typeof(SessionId)] = Plain(static (w, v) => w.WriteFixed(v.Value), static r => new SessionId(r.ReadFixed<Guid>()), 16),
        [typeof(ClientId)] = Plain(static (w, v) => w.WriteFixed(v.Value), static r => new ClientId(r.ReadFixed<Guid>()), 16),
        // Drawn at random: no shorter than it is.
        [typeof(HandleId)] = Plain(static (w, v) => w.WriteFixed(v.Number), static r => new HandleId(r.ReadFixed<long>()), 8),
        [typeof(Epoch)] = Plain(static (w, v) => w.WriteSigned(v.Number), static r => new Epoch(r.ReadSigned())),
        [typeof(ScopeId)] = Plain(static (w, v) => w.WriteSigned(v.Number), static r => new ScopeId(r.ReadSigned())),
        [typeof(CursorId)] = Plain(static (w, v) => w.WriteSigned(v.Number), static r => new CursorId(r.ReadSigned())),
        [typeof(RowSet)] = new RowSetForm(),
        [typeof(ImmutableArray<Parameter>)] = new ParametersForm(),
        [typeof(ImmutableSortedDictionary<string, string>)] = new SettingsForm(),
    }.ToFrozenDictionary();

    /// <summary>The form for a type; the same each time.</summary>
    internal static WireForm<T> For<T>() => Of<T>.Form;

    private static PlainForm<T> Plain<T>(Action<MessageWriter, T> write, Func<MessageReader, T> read, int leastBytes = 1) =>
        new(write, read, leastBytes);

    private static void Write(MessageWriter writer, PoolId id)
    {
        writer.WriteText(id.Database);
        writer.WriteText(id.User);
    }

    private static void Write(MessageWriter writer, ErrandId id)
    {
        writer.WriteFixed(id.Client);
        writer.WriteSigned(id.Number);
    }

    private static long NumberOf(MessageWriter writer, IActorRef? reference) =>
        reference.IsNobody() ? 0 : writer.References!.NumberOf(reference!);

    private static IActorRef Find(MessageReader reader, long number) => number == 0 ? ActorRefs.Nobody : reader.References!.Find(number);

    private static object Make<T>()
    {
        var type = typeof(T);
        return Known.TryGetValue(type, out var known) ? known
            : type == typeof(Failure) ? MessageTable.Failures
            : type == typeof(ISessionCommand) ? MessageTable.Commands
            : type == typeof(ISessionReply) ? MessageTable.Replies
            : type == typeof(FlushStep) ? MessageTable.Steps
            : type == typeof(StreamSource) ? MessageTable.Sources
            : type.IsEnum ? Made(typeof(EnumForm<>), type)
            : Nullable.GetUnderlyingType(type) is { } some ? Made(typeof(NullableForm<>), some, MadeFor(some))
            : IsList(type) ? Made(typeof(ArrayForm<>), type.GetGenericArguments()[0])
            : type.IsClass && type.Assembly == typeof(FormTable).Assembly ? Made(typeof(BodyForm<>), type)
            : throw new InvalidOperationException($"{type} has no wire form");
    }

    private static bool IsList(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>);

    private static object Made(Type form, Type of, params object[] arguments) =>
        Activator.CreateInstance(form.MakeGenericType(of), Constructor, null, arguments, null)!;

    private static object MadeFor(Type type) =>
        typeof(FormTable).GetMethod(nameof(For), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(type).Invoke(null, null)!;

    private static class Of<T>
    {
        internal static readonly WireForm<T> Form = (WireForm<T>)Make<T>();
    }
}
