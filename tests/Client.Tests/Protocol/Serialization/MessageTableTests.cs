using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using Broker.Client.Parameters;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Serialization.Elements;
using Broker.Client.Protocol.Serialization.Forms;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

public sealed class MessageTableTests
{
    [Fact]
    public void Every_remote_message_has_a_manifest() => AssertAll(RemoteMessages.All, MessageTable.Messages);

    [Fact]
    public void Every_failure_has_a_manifest() => AssertAll(AnyMessage.Kinds(typeof(Failure)), MessageTable.Failures);

    [Fact]
    public void Every_command_and_reply_of_a_conversation_has_a_manifest()
    {
        AssertAll(AnyMessage.Kinds(typeof(ISessionCommand)), MessageTable.Commands);
        AssertAll(AnyMessage.Kinds(typeof(ISessionReply)), MessageTable.Replies);
    }

    [Fact]
    public void Every_step_of_a_flush_and_source_of_a_stream_has_a_manifest()
    {
        AssertAll(AnyMessage.Kinds(typeof(FlushStep)), MessageTable.Steps);
        AssertAll(AnyMessage.Kinds(typeof(StreamSource)), MessageTable.Sources);
    }

    [Fact]
    public void No_manifest_is_there_twice() =>
        Assert.Equal(MessageTable.All.Length, MessageTable.All.Select(form => form.Manifest).Distinct().Count());

    [Theory]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("é")]
    public void A_manifest_is_one_to_three_characters_of_ASCII(string manifest) =>
        Assert.Throws<ArgumentException>(() => Manifest.KeyOf(manifest));

    [Theory]
    [InlineData(typeof(GetPoolStatus))]
    [InlineData(typeof(SuspendPool))]
    [InlineData(typeof(ResumePool))]
    [InlineData(typeof(SandboxClosed))]
    public void A_message_that_says_nothing_but_itself_is_read_as_the_only_one(Type type)
    {
        var only = type.GetProperty("Instance")!.GetValue(null)!;
        Assert.Same(only, Reread(only));
    }

    [Fact]
    public void What_is_left_at_its_default_is_read_as_the_default_itself()
    {
        var errand = (RunErrand)Reread(new RunErrand(new(1, 1), new("select 1"), new CallerContext(), new ErrandLimits()));
        Assert.Same(CallerContext.None, errand.Context);
        Assert.Same(ErrandLimits.Default, errand.Limits);
        Assert.Null(errand.Unit);
        Assert.Same(ConversationTerms.Default,
            ((OpenSession)Reread(new OpenSession(SessionId.Draw(), HandleId.Draw(), "d", null, new()))).Terms);
        Assert.Same(RowSet.Empty, ((ErrandCompleted)Reread(new ErrandCompleted("SELECT", -1, new RowSet([], 0)))).Rows);
        Assert.Same(Rollback.Instance,
            ((RunInSession)Reread(new RunInSession(default, default, 1, 0, default, Rollback.Instance))).Command);
    }

    [Fact]
    public void Who_is_watched_is_not_told_to_another_process()
    {
        var open = new OpenSession(SessionId.Draw(), HandleId.Draw(), "d", null,
            ConversationTerms.Default) { Watched = new NamedReference("w") };
        Assert.Null(((OpenSession)Reread(open)).Watched);
        var run = new RunInSession(open.Session, open.Handle, 1, 0, default, Rollback.Instance) { Opens = open };
        Assert.Null(((RunInSession)Reread(run)).Opens!.Watched);
    }

    /// <summary>
    /// The wire form of each record, and the tags of types. If this fails, the wire has changed: append a field as an optional one that is
    /// init only, so that it comes last, and raise <see cref="ProtocolVersion.Current"/> if older peers could not do without it. A field is
    /// never removed, moved or given another type, and a manifest or a tag never used again. Then write what the test shows into the file.
    /// </summary>
    [Fact]
    public void The_wire_form_of_no_message_changes_unnoticed()
    {
        var shape = Lines().ToArray();
        var pinned = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(ThisFile())!, "wire-form.txt"));
        Assert.Equal(string.Join('\n', pinned), string.Join('\n', shape));
    }

    private static IEnumerable<string> Lines() =>
    [
        $"version {ProtocolVersion.Current.Number}, oldest understood {ProtocolVersion.Oldest.Number}",
        .. MessageTable.All.Select(form => Line($"{form.Manifest} {form.Type.Name}", form.Shape)),
        .. Within().OrderBy(inner => inner.Type.Name, StringComparer.Ordinal).Select(inner => Line($"- {inner.Type.Name}", inner.Shape)),
        .. ElementTable.All.Select(element => $"{element.Tag} {ParameterTypes.NameOf(element.Type)}"),
    ];

    private static string Line(string name, IEnumerable<FieldShape> shape) =>
        $"{name}: {string.Join(", ", shape.Select(field => $"{field.Name} {ParameterTypes.NameOf(field.Type)}{(field.IsOptional ? " (optional)" : "")}"))}".TrimEnd();

    /// <summary>Records that have no manifest, since they are always where the record that holds them says.</summary>
    private static List<(Type Type, ImmutableArray<FieldShape> Shape)> Within()
    {
        var found = new List<(Type Type, ImmutableArray<FieldShape> Shape)>();
        var left = new Queue<FieldShape>(MessageTable.All.SelectMany(form => form.Shape));
        while (left.TryDequeue(out var field))
        {
            var type = Nullable.GetUnderlyingType(field.Type)
                ?? (field.Type.Name.StartsWith("ImmutableArray", StringComparison.Ordinal)
                    ? field.Type.GetGenericArguments()[0]
                    : field.Type);
            if (!type.IsClass || type.IsAbstract || type.Assembly != typeof(RemoteMessages).Assembly || type == typeof(RowSet)
                || MessageTable.All.Any(form => form.Type == type) || found.Exists(one => one.Type == type))
                continue;
            found.Add((type, ((RecordForm)typeof(RecordForm).GetMethod(nameof(RecordForm.Of), BindingFlags.Static | BindingFlags.NonPublic)!
                .MakeGenericMethod(type).Invoke(null, ["?"])!).Shape));
            found[^1].Shape.ToList().ForEach(left.Enqueue);
        }

        return found;
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static void AssertAll<T>(IEnumerable<Type> types, Family<T> family) where T : class =>
        Assert.Equal(types.Select(type => type.Name).Order(), family.Members.Select(member => member.Type.Name).Order());

    private static object Reread(object message)
    {
        var codec = new MessageCodec(new NumberedReferences());
        using var writer = new MessageWriter();
        codec.Write(writer, message);
        return codec.Read(new MessageReader(writer.Written));
    }
}
