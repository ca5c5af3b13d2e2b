namespace Eit.Simulation.Exhaustive;

/// <summary>Tells what an end does about an input.</summary>
internal interface IEndStepper
{
    EndView View(int node);

    EndEffect Step(int node, EndInput input);
}
