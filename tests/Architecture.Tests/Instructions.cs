using System.Reflection;
using System.Reflection.Emit;

namespace Broker.Architecture.Tests;

/// <summary>What code calls and asks, read from the instructions of its methods.</summary>
internal static class Instructions
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>
    /// Each method of the assembly with each method it calls; what the compiler made of lambdas and async methods is under its own types.
    /// </summary>
    public static IEnumerable<(MethodBase Caller, MethodBase Called)> Calls(Assembly assembly) => assembly.GetTypes()
        .SelectMany(type => type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
        .SelectMany(method => NamedBy(method, OpCodes.Values.Where(static code => code.OperandType == OperandType.InlineMethod))
            .Select(called => (method, (MethodBase)called)));

    /// <summary>
    /// The types that the methods of a type, written in it by name, ask whether a value is of: the cases of their switches among them.
    /// </summary>
    public static HashSet<Type> TypesAskedFor(Type type, params string[] methods) =>
        [.. methods.SelectMany(name => NamedBy(type.GetMethod(name, All)!, [System.Reflection.Emit.OpCodes.Isinst])).Cast<Type>()];

    private static IEnumerable<MemberInfo> NamedBy(MethodBase method, IEnumerable<OpCode> instructions)
    {
        var wanted = instructions.ToHashSet();
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code)
        {
            yield break;
        }

        var typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < code.Length;)
        {
            var value = code[at] == 0xFE ? (short)((code[at] << 8) | code[at + 1]) : code[at];
            var instruction = OpCodes[value];
            at += instruction.Size;
            if (wanted.Contains(instruction)
                && method.Module.ResolveMember(BitConverter.ToInt32(code, at), typeArguments, methodArguments) is { } named)
            {
                yield return named;
            }

            at += SizeOfOperand(instruction, code, at);
        }
    }

    private static int SizeOfOperand(OpCode instruction, byte[] code, int at) => instruction.OperandType switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
        _ => 4,
    };
}
