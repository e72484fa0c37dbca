import { GramSet, gramsOf } from '../text/grams.js';
import type { Scene } from './scene.js';
import { cueTable } from './structured.js';

/** Words of care: one of them makes a conversation clinical. */
const words =
  'patient, patients, diagnosis, diagnosed, diagnoses, mrn, medical record, discharge summary, admitted, ' +
  'prescribed, prescription, biopsy, chemotherapy, metformin, lisinopril, insulin, hba1c, a1c, hemoglobin, ' +
  'oncology, cardiology, radiology, psychiatry, pathology, icd, ehr, emr, clinic, hospital, inpatient, ' +
  'outpatient, physician, nurse, surgery, surgical, ct scan, mri, x-ray, ultrasound, ecg, ekg, diabetes, ' +
  'hypertension, copd, asthma, cancer, carcinoma, tumor, hiv, hepatitis, pneumonia, stroke, sepsis, depression, ' +
  'schizophrenia, pregnant, pregnancy, vaccination, lab results, blood pressure, allergies, medication, ' +
  'medications, dosage, dose, symptoms, patientin, patienten, paciente, diagnóstico, paziente, ' +
  'diagnosi, syncope, fever, cough, discharge, discharged, wound, exacerbation, ' +
  'vitals, chf, afib, ckd, cva, uti, bph, gerd, rash, seizure, fracture, sutures, ' +
  'catheter, dialysis, transplant, radiotherapy, immunotherapy, therapy, therapist, psychiatric, psychologist, ' +
  'pediatric, obstetric, gynecology, dermatology, neurology, orthopedic, urology, prognosis, pathologist, ' +
  'biopsies, specimen, ward, nursing, caregiver, rehab, rehabilitation, hospice, ambulance, paramedic, triage, ' +
  'anesthesia, intubated, ventilator, antibiotic, antibiotics, aspirin, ibuprofen, warfarin, apixaban, ' +
  'amlodipine, atorvastatin, omeprazole, prednisone, albuterol, gabapentin, sertraline, fluoxetine, adderall, ' +
  'opioid, oxycodone, morphine, chemo, mammogram, colonoscopy, endoscopy, glucose, creatinine, potassium, ' +
  'cholesterol, leukemia, lymphoma, melanoma, metastatic, migraine, epilepsy, dementia, alzheimer, parkinson, ' +
  'autism, adhd, bipolar, anxiety, ptsd, obesity, anemia, arthritis, eczema, psoriasis, miscarriage, ivf, ' +
  'abortion, medicare, medicaid, prescriber, pharmacist, krankenhaus, klinik, arzt, befund, médecin, ' +
  'hpi, pmh, htn, t2dm, dm2, nkda, hôpital, ordonnance, enfermedad, médico, receta, ospedale, medico';
const clinicalStrong = cueTable.group(words.split(', '));
/** Words of care that are words of machines too: `operation`, `er` (he), `ICU` (a library). Two of them count. */
const clinicalWeak = cueTable.group('operation, labs, icu, mi, er, refill, accession, diagnose, presented'.split(', '));

/** How many words of care the scene holds. */
export function clinicalWordsIn({ cues }: Scene): number {
  const weak = new Set<string>();
  let strong = 0;
  for (const hit of cues.hits) {
    if (hit.group === clinicalStrong) strong += 1;
    else if (hit.group === clinicalWeak) weak.add(hit.text);
  }
  return weak.size > 1 ? strong + weak.size : strong;
}

/** The endings that diseases, operations and drugs share. */
const endings =
  'itis ectomy aemia emia pathy algia plasty cillin pril statin olol sartan azole mycin oscopy uria cytosis plegia penia stenosis thrombosis mab'.split(
    ' ',
  );
const sounds = new RegExp(`\\p{L}{3}(?:${endings.join('|')})$`, 'iu');
/** The last three signs of every ending. */
const closing = new GramSet();
for (const ending of endings) closing.add(gramsOf(ending).at(-1)!);

/** True when some word ends as diseases, operations and drugs do. */
export function soundsClinical({ text, tokens }: Scene): boolean {
  for (let index = 0; index < tokens.count; index += 1) {
    if (!closing.has(tokens.foot[index]!)) continue;
    const start = tokens.start[index]!;
    const end = tokens.end[index]!;
    if (end - start < 6 || text[end] === '_') continue;
    if (sounds.test(text.slice(start, end))) return true;
  }
  return false;
}
