import { cueTable } from './structured.js';

/** Words of care: one of them makes a conversation clinical. */
const words =
  'patient, patients, diagnosis, diagnosed, diagnoses, mrn, medical record, discharge summary, admitted, ' +
  'prescribed, prescription, biopsy, chemotherapy, metformin, lisinopril, insulin, hba1c, a1c, hemoglobin, ' +
  'oncology, cardiology, radiology, psychiatry, pathology, icd, ehr, emr, clinic, hospital, inpatient, ' +
  'outpatient, physician, nurse, surgery, surgical, ct scan, mri, x-ray, ultrasound, ecg, ekg, diabetes, ' +
  'hypertension, copd, asthma, cancer, carcinoma, tumor, hiv, hepatitis, pneumonia, stroke, sepsis, depression, ' +
  'schizophrenia, pregnant, pregnancy, vaccination, lab results, blood pressure, allergies, medication, ' +
  'medications, dosage, dose, symptoms, patientin, patienten, diagnose, paciente, diagnóstico, paziente, ' +
  'diagnosi, syncope, presented, fever, cough, discharge, discharged, refill, labs, wound, exacerbation, ' +
  'accession, er, icu, vitals, chf, afib, ckd, mi, cva, uti, bph, gerd, rash, seizure, fracture, sutures, ' +
  'catheter, dialysis, transplant, radiotherapy, immunotherapy, therapy, therapist, psychiatric, psychologist, ' +
  'pediatric, obstetric, gynecology, dermatology, neurology, orthopedic, urology, prognosis, pathologist, ' +
  'biopsies, specimen, ward, nursing, caregiver, rehab, rehabilitation, hospice, ambulance, paramedic, triage, ' +
  'anesthesia, intubated, ventilator, antibiotic, antibiotics, aspirin, ibuprofen, warfarin, apixaban, ' +
  'amlodipine, atorvastatin, omeprazole, prednisone, albuterol, gabapentin, sertraline, fluoxetine, adderall, ' +
  'opioid, oxycodone, morphine, chemo, mammogram, colonoscopy, endoscopy, glucose, creatinine, potassium, ' +
  'cholesterol, leukemia, lymphoma, melanoma, metastatic, migraine, epilepsy, dementia, alzheimer, parkinson, ' +
  'autism, adhd, bipolar, anxiety, ptsd, obesity, anemia, arthritis, eczema, psoriasis, miscarriage, ivf, ' +
  'abortion, medicare, medicaid, prescriber, pharmacist, krankenhaus, klinik, arzt, befund, operation, médecin, ' +
  'hôpital, ordonnance, enfermedad, médico, receta, ospedale, medico';
export const clinicalStrong = cueTable.group(words.split(', '));

const endings =
  /[\p{L}]{3}(?:itis|ectomy|aemia|emia|pathy|algia|plasty|cillin|pril|statin|olol|sartan|azole|mycin|oscopy|uria|cytosis|plegia|penia|stenosis|thrombosis|mab)\b/iu;

/** The endings that diseases, operations and drugs share. */
export function soundsClinical(text: string): boolean {
  return endings.test(text);
}
