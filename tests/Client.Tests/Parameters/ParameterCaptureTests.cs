using System.Collections.Immutable;
using System.Text.Json;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using FsCheck;
using FsCheck.Xunit;

namespace Broker.Client.Tests.Parameters;

public sealed class ParameterCaptureTests
{
    public static TheoryData<object> Scalars => [
        true, (short)1, 1, 1L, 1f, 1d, 1m, "text", Guid.NewGuid(), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Unspecified), new DateOnly(2026, 1, 2), new TimeOnly(3, 4), TimeSpan.FromDays(1)];

    [Theory]
    [MemberData(nameof(Scalars))]
    public void A_scalar_is_sent_as_it_is_boxed_or_not(object value)
    {
        var seen = Seen(ParameterCapture.Capture(value, 1));
        Assert.Equal((value.GetType(), value), (seen.Type, seen.Value));
        seen = Seen((Parameter)GetType()
            .GetMethod(nameof(Typed), System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!
            .MakeGenericMethod(value.GetType()).Invoke(null, [value])!);
        Assert.Equal((value.GetType(), value), (seen.Type, seen.Value));
    }

    [Fact]
    public void A_nullable_is_its_value_or_a_null_of_its_type()
    {
        Assert.Equal(new(typeof(int), 5), Seen(Typed<int?>(5)));
        Assert.Equal(new(typeof(int), null), Seen(Typed<int?>(null)));
        Assert.Equal(new(typeof(string), null), Seen(Typed<string?>(null)));
        Assert.Equal(new(typeof(byte[]), null), Seen(Typed<byte[]?>(null)));
        Assert.Equal(new(typeof(int[]), null), Seen(Typed<int[]?>(null)));
        Assert.Equal(new(typeof(string[]), null), Seen(Typed<List<string>?>(null)));
        Assert.Equal(new(typeof(JsonElement), null), Seen(Typed<JsonDocument?>(null)));
        Assert.Equal(new(typeof(int[]), null), Seen(Typed<ImmutableArray<int>>(default)));
        Assert.Equal(new(typeof(string[]), null), Seen(Typed<ImmutableArray<string>>(default)));
    }

    [Fact]
    public void A_char_is_sent_as_text_and_bytes_as_an_array()
    {
        Assert.Equal(new(typeof(string), "x"), Seen(Typed('x')));
        Assert.Equal(new(typeof(string), null), Seen(Typed<char?>(null)));
        Assert.Equal([1, 2], Assert.IsType<byte[]>(Seen(Typed(new ReadOnlyMemory<byte>([1, 2]))).Value));
    }

    [Fact]
    public void Every_list_of_scalars_is_an_array()
    {
        int[] expected = [1, 2, 3];
        foreach (var list in new object[] { expected, new List<int>(expected), expected.ToImmutableArray(), expected.ToImmutableList() })
            Assert.Equal(expected, Assert.IsType<int[]>(Seen(ParameterCapture.Capture(list, 1)).Value));
        Assert.Equal(expected, Seen(Typed<IReadOnlyList<int>>(expected)).Value);
        Assert.Equal(expected, Seen(Typed(expected.ToImmutableArray())).Value);
        Assert.Equal(new int?[] { 1, null }, Seen(Typed(new List<int?> { 1, null })).Value);
        Assert.Equal(new[] { "a", null }, Seen(Typed(new[] { "a", null })).Value);
        Assert.Equal(new[] { "a", "b" }, Seen(Typed(new[] { 'a', 'b' })).Value);
    }

    [Fact]
    public void What_its_owner_changes_afterwards_was_captured_as_it_was()
    {
        int[] array = [1, 2];
        var list = new List<string> { "a" };
        byte[] bytes = [1];
        var document = JsonDocument.Parse("""{"a":[1]}""");
        Parameter[] captured = [Typed(array), Typed(list), Typed(bytes), Typed(new ReadOnlyMemory<byte>(bytes)), Typed(document)];
        (array[0], list[0], bytes[0]) = (9, "z", 9);
        document.Dispose();
        Assert.Equal(new[] { 1, 2 }, Seen(captured[0]).Value);
        Assert.Equal(new[] { "a" }, Seen(captured[1]).Value);
        Assert.Equal(new byte[] { 1 }, Seen(captured[2]).Value);
        Assert.Equal(new byte[] { 1 }, Seen(captured[3]).Value);
        Assert.Equal("""{"a":[1]}""", Assert.IsType<JsonElement>(Seen(captured[4]).Value).GetRawText());
    }

    [Fact]
    public void An_offset_is_sent_as_the_same_moment_in_UTC()
    {
        var value = new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.FromHours(2));
        var sent = Assert.IsType<DateTimeOffset>(Seen(Typed(value)).Value);
        Assert.Equal((value, TimeSpan.Zero), (sent, sent.Offset));
    }

    [Fact]
    public void A_local_time_is_refused_with_what_to_send_instead() =>
        Assert.Contains("ToUniversalTime", Refused(() => Typed(new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Local))).Reason,
            StringComparison.Ordinal);

    [Fact]
    public void An_array_of_times_of_two_kinds_is_refused() =>
        Assert.Contains("mixes",
            Refused(() => Typed(new[] { new DateTime(0, DateTimeKind.Utc), new DateTime(0, DateTimeKind.Unspecified) })).Reason,
                StringComparison.Ordinal);

    [Fact]
    public void Text_that_PostgreSQL_cannot_hold_is_refused()
    {
        foreach (var (text, named) in new[] { ("a\0b", "U+0000"), ("a\uD83D", "U+D83D"), ("\uDE00\uD83D", "U+DE00") })
        {
            Assert.Contains(named, Refused(() => Typed(text)).Reason, StringComparison.Ordinal);
            Assert.Contains(named, Refused(() => Typed(new[] { "fine", text })).Reason, StringComparison.Ordinal);
        }
    }

    [Property]
    public bool Text_is_refused_exactly_when_strict_UTF8_or_PostgreSQL_cannot_hold_it(NonNull<string> given, bool lone, bool pair)
    {
        var text = given.Get + (lone ? "\uD800" : "") + (pair ? "\uD83D\uDE00" : "");
        bool writable;
        try
        {
            _ = new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text);
            writable = !text.Contains('\0', StringComparison.Ordinal);
        }
        catch (System.Text.EncoderFallbackException)
        {
            writable = false;
        }

        try
        {
            Typed(text);
            return writable;
        }
        catch (BrokerException)
        {
            return !writable;
        }
    }

    [Fact]
    public void Other_types_are_refused_with_their_position_and_name()
    {
        Assert.Equal((7, "Uri"), Named(Refused(() => ParameterCapture<Uri>.Capture(new("http://x"), 7))));
        Assert.Equal((7, "DayOfWeek"), Named(Refused(() => ParameterCapture<DayOfWeek>.Capture(DayOfWeek.Friday, 7))));
        Assert.Equal((7, "DayOfWeek?"), Named(Refused(() => ParameterCapture<DayOfWeek?>.Capture(null, 7))));
        Assert.Equal((7, "Dictionary<String, Int32>"), Named(Refused(() => ParameterCapture.Capture(new Dictionary<string, int>(), 7))));
        Assert.Equal((7, "Object"), Named(Refused(() => ParameterCapture.Capture(new object(), 7))));
        Assert.Equal((7, "CancellationToken"), Named(Refused(() => ParameterCapture.Capture(CancellationToken.None, 7))));
        Assert.Equal((7, "null"), Named(Refused(() => ParameterCapture.Capture(null, 7))));
        Refused(() => Typed(new int[1, 1]));
        Refused(() => Typed(new int[1][]));
        Refused(() => Typed(default(JsonElement)));
    }

    [Fact]
    public void A_hole_of_an_interface_or_object_goes_by_what_is_in_it()
    {
        Assert.Equal(new(typeof(int), 5), Seen(Typed<object>(5)));
        Assert.Equal(new(typeof(int), 5), Seen(Typed<IComparable>(5)));
        Refused(() => Typed<object?>(null));
    }

    [Fact]
    public void A_parameter_stands_for_itself()
    {
        var parameter = new Parameter<int>(5);
        Assert.Same(parameter, Typed(parameter));
        Assert.Same(parameter, ParameterCapture.Capture(parameter, 1));
        Assert.Same(Parameter.Null<int>(), Typed(Parameter.Null<int>()));
    }

    private static Parameter Typed<T>(T value) => ParameterCapture<T>.Capture(value, 1);

    private static ParameterRefused Refused(Action capture) =>
        Assert.IsType<ParameterRefused>(Assert.Throws<BrokerException>(capture).Failure);

    private static (int, string) Named(ParameterRefused refused) => (refused.Position, refused.TypeName);

    private static Sight Seen(Parameter parameter)
    {
        var visitor = new Visitor();
        parameter.Accept(visitor);
        return visitor.Sight!;
    }

    private sealed record Sight(Type Type, object? Value);

    private sealed class Visitor : IParameterVisitor
    {
        internal Sight? Sight { get; private set; }

        public void Visit<T>(T value) where T : notnull => Sight = new(typeof(T), value);

        public void VisitNull<T>() where T : notnull => Sight = new(typeof(T), null);
    }
}
