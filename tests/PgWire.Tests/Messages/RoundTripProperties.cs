using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Messages;

public sealed class RoundTripProperties
{
    [Property(MaxTest = 100)]
    public void What_a_client_writes_is_read_as_it_was(int seed)
    {
        for (var kind = 0; kind < AnyMessage.FrontendKinds; kind++)
        {
            var (message, awaited) = new AnyMessage(seed).FrontendOf(kind);
            var bytes = Encoded.Of(message);

            var read = FrontendMessages.Read(bytes[0], bytes.AsMemory(5), awaited, out var error);

            Assert.Null(error);
            Assert.IsType(message.GetType(), read);
            Assert.Equal(bytes, Encoded.Of(read!));
        }
    }

    [Property(MaxTest = 100)]
    public void What_a_server_writes_is_read_as_it_was(int seed)
    {
        for (var kind = 0; kind < AnyMessage.BackendKinds; kind++)
        {
            var message = new AnyMessage(seed).BackendOf(kind);
            var bytes = Encoded.Of(message);

            var read = BackendMessages.Read(bytes[0], bytes.AsMemory(5), out var error);

            Assert.Null(error);
            Assert.IsType(message.GetType(), read);
            Assert.Equal(bytes, Encoded.Of(read!));
        }
    }

    [Fact]
    public void A_null_is_no_empty_value()
    {
        byte[] body = [0, 2, 255, 255, 255, 255, 0, 0, 0, 0];

        var row = Assert.IsType<DataRow>(BackendMessages.Read((byte)BackendType.DataRow, body, out _));

        Assert.Equal([true, false], row.Values.Select(value => value is null));
        Assert.Equal(body, Encoded.Of(row)[5..]);
    }

    [Fact]
    public void Every_message_of_the_library_takes_part()
    {
        var known = typeof(IWireMessage).Assembly.GetTypes().Where(type => type is { IsClass: true, IsAbstract: false });

        Assert.Equal(known.Count(typeof(IFrontendMessage).IsAssignableFrom), AnyMessage.FrontendKinds);
        Assert.Equal(known.Count(typeof(IBackendMessage).IsAssignableFrom), AnyMessage.BackendKinds);
    }

    /// <summary>
    /// A body that is cut short, or goes on, is refused with a reason, whichever message it is. Those that take all that is left know no
    /// end.
    /// </summary>
    [Property(MaxTest = 50)]
    public void A_body_that_is_cut_or_goes_on_is_an_error_and_never_an_exception(int seed)
    {
        for (var kind = 0; kind < AnyMessage.FrontendKinds; kind++)
        {
            var (message, awaited) = new AnyMessage(seed).FrontendOf(kind);
            var bytes = Encoded.Of(message);
            byte[] longer = [.. bytes, 0];
            for (var length = 5; length < Math.Min(bytes.Length, 500); length++)
                Judge(FrontendMessages.Read(bytes[0], bytes.AsMemory(5..length), awaited, out var error), error);
            Judge(FrontendMessages.Read(bytes[0], longer.AsMemory(5), awaited, out var tooLong), tooLong);
        }
        for (var kind = 0; kind < AnyMessage.BackendKinds; kind++)
        {
            var bytes = Encoded.Of(new AnyMessage(seed).BackendOf(kind));
            byte[] longer = [.. bytes, 0];
            for (var length = 5; length < Math.Min(bytes.Length, 500); length++)
                Judge(BackendMessages.Read(bytes[0], bytes.AsMemory(5..length), out var error), error);
            Judge(BackendMessages.Read(bytes[0], longer.AsMemory(5), out var tooLong), tooLong);
        }
    }

    [Property(MaxTest = 2_000)]
    public void Garbage_is_an_error_or_a_message_and_never_an_exception(byte type, byte[] body)
    {
        foreach (var awaited in Enum.GetValues<AwaitedResponse>())
            Judge(FrontendMessages.Read(type, body, awaited, out var error), error);
        Judge(BackendMessages.Read(type, body, out var wrong), wrong);
    }

    [Fact]
    public void A_number_of_elements_that_cannot_fit_takes_no_memory()
    {
        byte[] body = [0xFF, 0xFF];
        BackendMessages.Read((byte)BackendType.DataRow, body, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var row = BackendMessages.Read((byte)BackendType.DataRow, body, out var error);

        Assert.Null(row);
        Assert.Equal(WireErrorKind.TooShort, error!.Kind);
        // Room for 65,535 elements takes half a megabyte; the runtime may take some of its own meanwhile.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 * 1024);
    }

    private static void Judge(IWireMessage? message, WireError? error) => Assert.True(message is null ^ error is null);
}
