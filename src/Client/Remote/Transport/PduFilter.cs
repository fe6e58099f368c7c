using System.Text;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// Looks at each frame of one connection before Akka does, and lets pass only who the other side is, that it is there or goes, and
/// messages in the one format for the actors that it may reach, sent by actors of its own. Nothing is deserialized before it passed, so no
/// message of Akka's own (a kill, a remote deployment, a selection), no system message, and no type name from the wire has any effect.
/// </summary>
internal sealed class PduFilter
{
    /// <summary>What an ordinary message has for its sequence number; any other number makes it a system message.</summary>
    private const ulong NoSequence = ulong.MaxValue;

    private readonly PduRules _rules;
    private byte[]? _otherPrefix;

    public PduFilter(PduRules rules) => _rules = rules;

    /// <summary>The name of the other side's actor system, once it associated.</summary>
    public string? OtherSystem { get; private set; }

    /// <summary>Why the last frame was refused, in words for a log.</summary>
    public string Why { get; private set; } = "";

    /// <summary>What a frame says, or that it is refused.</summary>
    public PduKind Look(ReadOnlySpan<byte> pdu)
    {
        var fields = new ProtoFields(pdu);
        if (!fields.Next() || fields.Form != ProtoForm.Bytes)
        {
            return Refuse("not a PDU of Akka's");
        }

        var number = fields.Number;
        var content = fields.Bytes;
        if (fields.Next() || fields.Broken)
        {
            return Refuse("a PDU with more than one part");
        }

        return number switch
        {
            1 => LookAtPayload(content),
            2 => LookAtInstruction(content),
            _ => Refuse($"a PDU with an unknown part {number}"),
        };
    }

    private PduKind LookAtInstruction(ReadOnlySpan<byte> instruction)
    {
        var fields = new ProtoFields(instruction);
        ReadOnlySpan<byte> handshake = default;
        ulong command = 0;
        while (fields.Next())
        {
            switch (fields.Number, fields.Form)
            {
                case (1, ProtoForm.Varint):
                    command = fields.Value;
                    break;
                case (2, ProtoForm.Bytes):
                    handshake = fields.Bytes;
                    break;
                default:
                    return Refuse("an instruction of an unknown form");
            }
        }

        return (fields.Broken, command) switch
        {
            (true, _) => Refuse("an instruction that cannot be read"),
            (_, 1) => LookAtHandshake(handshake),
            (_, 2 or 4 or 5) when handshake.IsEmpty => PduKind.Goodbye,
            (_, 3) when handshake.IsEmpty => OtherSystem is null ? Refuse("a heartbeat of nobody") : PduKind.Heartbeat,
            _ => Refuse($"an unknown instruction {command}"),
        };
    }

    private PduKind LookAtHandshake(ReadOnlySpan<byte> handshake)
    {
        var fields = new ProtoFields(handshake);
        ReadOnlySpan<byte> origin = default;
        while (fields.Next())
        {
            switch (fields.Number, fields.Form)
            {
                case (1, ProtoForm.Bytes):
                    origin = fields.Bytes;
                    break;
                case (2, ProtoForm.Fixed64):
                    break;
                default:
                    return Refuse("a handshake of an unknown form");
            }
        }

        return (fields.Broken, OtherSystem) switch
        {
            (true, _) => Refuse("a handshake that cannot be read"),
            (_, not null) => Refuse("a second handshake"),
            _ => LookAtOrigin(origin),
        };
    }

    private PduKind LookAtOrigin(ReadOnlySpan<byte> origin)
    {
        var fields = new ProtoFields(origin);
        ReadOnlySpan<byte> system = default, host = default, protocol = default;
        ulong port = 0;
        while (fields.Next())
        {
            switch (fields.Number, fields.Form)
            {
                case (1, ProtoForm.Bytes):
                    system = fields.Bytes;
                    break;
                case (2, ProtoForm.Bytes):
                    host = fields.Bytes;
                    break;
                case (3, ProtoForm.Varint):
                    port = fields.Value;
                    break;
                case (4, ProtoForm.Bytes):
                    protocol = fields.Bytes;
                    break;
                default:
                    return Refuse("an origin of an unknown form");
            }
        }

        if (fields.Broken || !VirtualAddress.IsSystemName(system) || !Ascii.Equals(host, _rules.OtherHost)
            || port != VirtualAddress.Port || !Ascii.Equals(protocol, VirtualAddress.Scheme))
        {
            return Refuse($"an origin that is no {_rules.OtherHost} of ours: {Shown(protocol)}://{Shown(system)}@{Shown(host)}:{port}");
        }

        OtherSystem = Encoding.ASCII.GetString(system);
        _otherPrefix = VirtualAddress.Prefix(OtherSystem, _rules.OtherHost);
        return PduKind.Associate;
    }

    private PduKind LookAtPayload(ReadOnlySpan<byte> payload)
    {
        if (_otherPrefix is null)
        {
            return Refuse("a message of nobody");
        }

        var fields = new ProtoFields(payload);
        if (!fields.Next() || (fields.Number, fields.Form) is not (2, ProtoForm.Bytes))
        {
            return Refuse(fields.Number == 1 ? "an acknowledgement of system messages" : "a payload of an unknown form");
        }

        var envelope = fields.Bytes;
        return fields.Next() || fields.Broken ? Refuse("a payload with more than an envelope") : LookAtEnvelope(envelope);
    }

    private PduKind LookAtEnvelope(ReadOnlySpan<byte> envelope)
    {
        var fields = new ProtoFields(envelope);
        ReadOnlySpan<byte> recipient = default, message = default, sender = default;
        var (hasSender, sequence) = (false, 0UL);
        while (fields.Next())
        {
            switch (fields.Number, fields.Form)
            {
                case (1, ProtoForm.Bytes):
                    recipient = fields.Bytes;
                    break;
                case (2, ProtoForm.Bytes):
                    message = fields.Bytes;
                    break;
                case (4, ProtoForm.Bytes):
                    sender = fields.Bytes;
                    hasSender = true;
                    break;
                case (5, ProtoForm.Fixed64):
                    sequence = fields.Value;
                    break;
                default:
                    return Refuse("an envelope of an unknown form");
            }
        }

        if (fields.Broken || !TryPath(recipient, out var to) || (hasSender && !TryPath(sender, out sender)))
        {
            return Refuse("an envelope that cannot be read");
        }

        return sequence != NoSequence ? Refuse("a system message")
            : !IsReachable(to) ? Refuse($"a message to {Shown(to)}")
            : hasSender && !IsOfOther(sender) ? Refuse($"a message in the name of {Shown(sender)}")
            : LookAtMessage(message);
    }

    private PduKind LookAtMessage(ReadOnlySpan<byte> message)
    {
        var fields = new ProtoFields(message);
        ReadOnlySpan<byte> manifest = default;
        ulong serializer = 0;
        while (fields.Next())
        {
            switch (fields.Number, fields.Form)
            {
                case (1, ProtoForm.Bytes):
                    break;
                case (2, ProtoForm.Varint):
                    serializer = fields.Value;
                    break;
                case (3, ProtoForm.Bytes):
                    manifest = fields.Bytes;
                    break;
                default:
                    return Refuse("a message of an unknown form");
            }
        }

        return fields.Broken ? Refuse("a message that cannot be read")
            : serializer != (ulong)_rules.Format.SerializerId ? Refuse($"a message of serializer {serializer}, {Shown(manifest)}")
            : !IsKnown(manifest) ? Refuse($"a message of an unknown name, {Shown(manifest)}")
            : PduKind.Message;
    }

    /// <summary>Takes the path out of a reference to an actor, which has nothing else.</summary>
    private static bool TryPath(ReadOnlySpan<byte> reference, out ReadOnlySpan<byte> path)
    {
        var fields = new ProtoFields(reference);
        var found = fields.Next() && (fields.Number, fields.Form) is (1, ProtoForm.Bytes);
        path = fields.Bytes;
        return found && !fields.Next() && !fields.Broken;
    }

    private bool IsReachable(ReadOnlySpan<byte> path)
    {
        var own = _rules.OwnPrefix.AsSpan();
        return path.StartsWith(own) && _rules.Recipients.Reach(path[own.Length..]);
    }

    private bool IsOfOther(ReadOnlySpan<byte> path) =>
        path.StartsWith(_otherPrefix) && ReachablePaths.IsPlain(path[_otherPrefix!.Length..]);

    private bool IsKnown(ReadOnlySpan<byte> manifest)
    {
        Span<char> name = stackalloc char[64];
        return manifest.Length <= name.Length && Ascii.IsValid(manifest)
            && _rules.Format.Manifests.GetAlternateLookup<ReadOnlySpan<char>>().Contains(name[..Encoding.ASCII.GetChars(manifest, name)]);
    }

    private PduKind Refuse(string why)
    {
        Why = why;
        return PduKind.Refused;
    }

    /// <summary>What the other side wrote, fit for a log: short, and without anything but plain characters of ASCII.</summary>
    private static string Shown(ReadOnlySpan<byte> text)
    {
        const int Most = 80;
        return FitForLog.Of(Encoding.ASCII.GetString(text[..Math.Min(text.Length, Most)]));
    }
}
