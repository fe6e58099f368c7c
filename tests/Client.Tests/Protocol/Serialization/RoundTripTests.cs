using Broker.Client.Protocol;
using Broker.Client.Protocol.Serialization;
using FsCheck;
using FsCheck.Xunit;

namespace Broker.Client.Tests.Protocol.Serialization;

public sealed class RoundTripTests
{
    private readonly NumberedReferences _references = new();

    public static TheoryData<string> Messages => [.. RemoteMessages.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_comes_back_as_it_was(string name)
    {
        var type = RemoteMessages.All.Single(one => one.Name == name);
        foreach (var mood in Enum.GetValues<AnyMessage.Mood>())
        {
            for (var seed = 0; seed < 40; seed++)
                AssertSame(new AnyMessage(new Random(seed), mood).Draw(type));
        }
    }

    [Property(MaxTest = 2000)]
    public void Any_message_comes_back_as_it_was(int seed) => AssertSame(new AnyMessage(new Random(seed), AnyMessage.Mood.Any).Draw());

    private void AssertSame(object message)
    {
        using var writer = new MessageWriter();
        var codec = new MessageCodec(_references);
        Assert.True(codec.Write(writer, message));
        var reader = new MessageReader(writer.Written);
        var read = codec.Read(reader);
        Assert.Equal(0, reader.Remaining);
        Assert.True(Structure.Difference(message, read, message.GetType().Name) is var difference && difference is null, difference);
    }
}
